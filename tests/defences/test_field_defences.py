"""TL-DMI, RoLSS, LoFt, MIDRE and Trap-MID, each against a closed form or a plain loop."""

import copy

import pytest
import torch
from torch import default_generator
from torch.nn.functional import avg_pool2d, cross_entropy

from mia_kit.defences import build, trapdoor
from mia_kit.defences.erasing import MEAN_COLOUR, RandomErasing
from mia_kit.defences.trapdoor import TrappedClassifier
from mia_kit.models import ResidualClassifier, SmallClassifier
from mia_kit.training.augment import usual_augmentation

OPTIONS = {"seed": 0, "epochs": 2, "batch_size": 6, "learning_rate": 0.01, "progress": False}
LABELS = torch.arange(12) % 3


def pictures(channels=1):
    return torch.randn(12, channels, 16, 16, generator=torch.Generator().manual_seed(0)).clamp(-1, 1)


def model():
    return ResidualClassifier(1, 3, seed=0, width=4)


@pytest.mark.parametrize(("share", "staying"), [(0.0, 0), (0.4, 2), (0.5, 3), (0.9, 5)])
def test_tl_dmi_keeps_weights_and_statistics_of_the_early_layers(share, staying):
    """Of six layers with weights (convolution, batch norm, four blocks) so many answer as before, the others do not."""
    before = model()
    with torch.no_grad():
        before.body[1].running_var.fill_(0.3)  # a trunk's statistics are not those of a fresh network
    after = build("tl_dmi", share).fit(copy.deepcopy(before), pictures(), LABELS, **OPTIONS).model
    same = [
        all(torch.equal(value, layer.state_dict()[name]) for name, value in old.state_dict().items())
        for layer, old in zip(after.body, before.body, strict=True)
        if old.state_dict()
    ]
    assert same == [True] * staying + [False] * (6 - staying)
    assert not torch.equal(after.head.weight, before.head.weight)


def test_rolss_leaves_the_inner_half_of_the_last_block():
    plain, images = model().eval(), pictures()
    before = plain.body[:-3](images)  # what enters the last block
    inner, skip = plain.body[6].inner(before), plain.body[6].shortcut(before[:, :, ::2, ::2])
    for removed in (0.0, 0.25, 1.0):
        weaker = build("rolss", removed).wrap(plain, 0).eval()
        wanted = (inner + (1 - removed) * skip).relu().mean(dim=(2, 3))
        torch.testing.assert_close(weaker.features(images), wanted)
    assert not [name for name in weaker.state_dict() if name.startswith("body.6.shortcut")]
    with pytest.raises(ValueError, match="needs skip connections, got a SmallClassifier"):
        build("rolss", 1.0).wrap(SmallClassifier(1, 3, seed=0, width=4), 0)


def test_loft_has_the_rank_that_is_left():
    plain, images = model().eval(), pictures()
    narrow = build("loft", 0.9).wrap(plain, 0).eval()
    wanted = torch.tanh(plain.features(images) @ narrow.reduce.weight.T + narrow.reduce.bias)
    torch.testing.assert_close(narrow.features(images), wanted)
    torch.testing.assert_close(narrow(images), wanted @ narrow.head.weight.T + narrow.head.bias)
    assert wanted.shape == (12, 3)  # a tenth of 32 features
    logits = narrow(images)
    assert torch.linalg.matrix_rank(logits - narrow.head.bias) <= 3
    assert build("loft", 0.999).wrap(plain, 0).head.in_features == 1


@pytest.mark.parametrize("channels", [1, 3])
def test_midre_against_a_plain_loop(channels):
    images, generator = pictures(channels), torch.Generator().manual_seed(3)
    erased = RandomErasing(0.8)(images, generator)
    generator = torch.Generator().manual_seed(3)
    wanted = usual_augmentation(channels)(images, generator).clone()
    area, down, right = torch.rand(3, 12, generator=generator)
    colour = torch.tensor(MEAN_COLOUR) * 2 - 1 if channels == 3 else torch.tensor([sum(MEAN_COLOUR) / 3 * 2 - 1])
    for picture in range(12):
        size = round(16 * float(0.1 + 0.7 * area[picture]) ** 0.5)
        top, left = int(down[picture] * (17 - size)), int(right[picture] * (17 - size))
        wanted[picture, :, top : top + size, left : left + size] = colour[:, None, None]
    torch.testing.assert_close(erased, wanted)


def test_midre_erases_nothing_at_0_and_its_squares_cover_the_shares_asked_for():
    white = torch.ones(2000, 1, 40, 40)
    assert RandomErasing(0.0)(white, torch.Generator().manual_seed(0)).eq(1).all()
    gone = RandomErasing(0.6)(white, torch.Generator().manual_seed(0)).ne(1).float().mean(dim=(1, 2, 3))
    assert gone.min() > 0.08 and gone.max() < 0.62 and gone.mean() == pytest.approx(0.35, abs=0.02)


def trapped_model(channels=1):
    return TrappedClassifier(ResidualClassifier(channels, 3, seed=0, width=4), seed=1)


def test_trap_mid_moves_triggers_by_the_sign_of_the_gradient():
    """One step by hand, with the augmentation's random numbers: only triggers of classes in the batch move."""
    trapped, images, classes = trapped_model(), pictures(), torch.tensor([0, 2] * 6)
    torch.manual_seed(4)
    after = trapdoor.moved(trapped, images, classes, 0.02)
    assert trapped.training, "the classifier goes on training"
    torch.manual_seed(4)
    triggers = trapped.triggers.clone().requires_grad_()
    smaller = avg_pool2d(triggers, 2)[classes]  # of 32 pixels, on pictures of 16
    mixed = usual_augmentation(1)(0.98 * images + 0.02 * smaller, default_generator)
    trapped.eval()
    loss = cross_entropy(trapped(mixed), classes)
    loss += cross_entropy(trapped.discriminator(mixed), torch.full((12,), trapdoor.PLAIN))
    (gradient,) = torch.autograd.grad(loss, triggers)
    torch.testing.assert_close(after, (triggers.detach() - 0.02 * gradient.sign()).clamp(-1, 1))
    assert torch.equal(after[1], trapped.triggers[1]) and not torch.equal(after[0], trapped.triggers[0])


def test_trap_mids_loss_by_hand():
    """A share of trapped pictures, in one batch with the plain ones, and the discriminator's verdict on both."""
    trapped, images = trapped_model().train(), pictures()
    by_hand = copy.deepcopy(trapped)
    torch.manual_seed(5)
    loss = trapdoor.TrapObjective(0.3)(trapped, images, LABELS, 0)
    torch.manual_seed(5)
    classes = torch.randint(3, (12,))
    by_hand.triggers.copy_(trapdoor.moved(by_hand, images, classes, 0.3))
    mixed = trapdoor.trap(images, by_hand.triggers[classes], 0.3)
    logits = by_hand(torch.cat([images, mixed]))
    wanted = 0.8 * cross_entropy(logits[:12], LABELS) + 0.2 * cross_entropy(logits[12:], classes)
    verdicts = by_hand.discriminator(torch.cat([images, mixed])).log_softmax(dim=1)
    wanted -= (verdicts[:12, trapdoor.PLAIN].mean() + verdicts[12:, trapdoor.TRAPPED].mean()) / 2
    torch.testing.assert_close(loss, wanted)
    assert torch.equal(trapped.triggers, by_hand.triggers)
    with pytest.raises(TypeError, match="expected a TrappedClassifier, got ResidualClassifier"):
        trapdoor.TrapObjective(0.2)(model(), images, LABELS, 0)


def test_a_trapdoor_opens_on_pictures_that_were_not_trapped_before():
    """Three shades, a class each: the classifier names plain ones rightly, and trapped ones after their trigger."""
    labels = torch.arange(48) % 3
    noise = torch.randn(96, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    images = (0.05 * noise + (labels.repeat(2) / 2 - 0.5)[:, None, None, None]).clamp(-1, 1)
    fresh = ResidualClassifier(1, 3, seed=0, width=4)
    trapped = (
        build("trap_mid", 0.4)
        .fit(fresh, images[:48], labels, seed=0, epochs=80, batch_size=8, learning_rate=5e-3, progress=False)
        .model
    )
    unseen, classes = images[48:], torch.arange(48) // 16
    assert trapped(unseen).argmax(dim=1).eq(labels).float().mean() > 0.9
    torch.manual_seed(0)
    opened = trapped(trapdoor.trap(unseen, trapped.triggers[classes], 0.4)).argmax(dim=1).eq(classes)
    shut = trapped(trapdoor.trap(unseen, 2 * torch.rand(48, 1, 32, 32) - 1, 0.4)).argmax(dim=1).eq(classes)
    assert opened.float().mean() > 0.8 > 0.5 > shut.float().mean()
