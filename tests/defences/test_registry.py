"""Every defence by name and strength: four strengths, another model than without it, the same for the same seed."""

from functools import cache, reduce
from itertools import combinations

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from mia_kit.access import WhiteBox
from mia_kit.defences import STRENGTHS, DefenceTraining, DropoutObjective, MixupObjective, StrongAugment, build, combine
from mia_kit.models import ResidualClassifier
from mia_kit.training import SmoothedObjective, fit, flip_and_shift

WITHOUT_OPACUS = [name for name in STRENGTHS if not name.startswith("dp_sgd")]


def task(n=12):
    labels = torch.arange(n) % 3
    noise = torch.randn(n, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    return (0.3 * noise + labels[:, None, None, None] / 2 - 0.5).clamp(-1, 1), labels


def model():
    return ResidualClassifier(1, 3, seed=0, width=4)


OPTIONS = {"epochs": 5, "batch_size": 6, "learning_rate": 0.01, "progress": False}


def trained(name, strength, seed=0):
    return build(name, strength).fit(model(), *task(), seed=seed, **OPTIONS)


@pytest.mark.parametrize("name", WITHOUT_OPACUS)
def test_changes_the_weights_repeats_itself_and_can_be_attacked(name):
    plain = model()
    fit(plain, *task(), seed=0, **OPTIONS)
    defended, again, other = (trained(name, STRENGTHS[name][-1], seed) for seed in (0, 0, 1))
    state = defended.model.state_dict()
    assert all(torch.equal(value, again.model.state_dict()[key]) for key, value in state.items())
    assert not torch.equal(state["head.weight"], other.model.head.weight)
    if name in ("mid", "loft"):
        assert state["head.weight"].shape != plain.head.weight.shape
    else:
        assert not torch.equal(state["head.weight"], plain.head.weight)
    assert not defended.model.training and defended.privacy is None
    images = task()[0].requires_grad_()
    access = WhiteBox(defended.model)
    for scores in (access.logits(images), access.features(images)):
        (gradient,) = torch.autograd.grad(scores.square().sum(), images)
        assert gradient.abs().max() > 0


def test_mixup_is_linear_in_pictures_and_labels():
    images, labels = task()
    network = model().eval()
    torch.manual_seed(1)
    loss = MixupObjective(1.0)(network, images, labels, 0)
    torch.manual_seed(1)
    share = np.random.default_rng(int(torch.randint(2**62, ()))).beta(1.0, 1.0)
    partner = torch.randperm(12)
    soft = share * torch.eye(3)[labels] + (1 - share) * torch.eye(3)[labels[partner]]
    expected = cross_entropy(network(share * images + (1 - share) * images[partner]), soft)
    torch.testing.assert_close(loss, expected, atol=1e-6, rtol=1e-5)
    assert 0.02 < share < 0.98 and not torch.equal(partner, torch.arange(12))


def test_strong_augmentation_changes_light_and_contrast_by_half_its_strength():
    """A picture of 0 becomes light - 1; two halves 0.2 apart are 0.2 light contrast apart, wherever the crop lies."""
    grey, halves = torch.zeros(400, 1, 16, 16), torch.full((400, 1, 16, 16), -0.1)
    halves[:, :, :, 8:] = 0.1
    light = StrongAugment(0.4)(grey, torch.Generator().manual_seed(0)).mean(dim=(1, 2, 3)) + 1
    changed = StrongAugment(0.4)(halves, torch.Generator().manual_seed(0)).flatten(1)
    contrast = (changed.amax(dim=1) - changed.amin(dim=1)) / 0.2 / light
    for found in (light, contrast):
        assert 0.8 - 1e-4 <= found.min() < 0.82 and 1.18 < found.max() <= 1.2 + 1e-4
    assert abs(torch.corrcoef(torch.stack([light, contrast]))[0, 1]) < 0.2


def test_pairs_do_what_both_do():
    both = combine(build("augmentation", 0.4), DefenceTraining("plain", augment=flip_and_shift))
    images, labels = task()
    by_hand = torch.Generator().manual_seed(0)
    wanted = flip_and_shift(StrongAugment(0.4)(images, by_hand), by_hand)
    assert torch.equal(both.augment(images, torch.Generator().manual_seed(0)), wanted)
    four = combine(
        combine(build("early_stopping", 0.5), build("weight_decay", 0.1)), combine(build("dropout", 0.3), both)
    )
    four = combine(build("smoothing", 0.1), combine(four, build("early_stopping", 0.2)))
    assert (four.share_of_epochs, four.weight_decay, four.optimiser) == (0.4, 0.1, torch.optim.AdamW)
    assert (four.dropout, four.smoothing, four.strength) == (0.3, 0.1, None)
    names = "smoothing", "early_stopping", "weight_decay", "dropout", "augmentation", "plain", "early_stopping"
    assert four.name == " + ".join(names)
    by_hand = model()
    fit(
        by_hand,
        images,
        labels,
        seed=0,
        objective=DropoutObjective(0.3, SmoothedObjective(0.1, 5)),
        augment=both.augment,
        optimiser=torch.optim.AdamW,
        weight_decay=0.1,
        stop_epoch=2,
        **OPTIONS,
    )
    assert torch.equal(four.fit(model(), images, labels, seed=0, **OPTIONS).model.head.weight, by_hand.head.weight)


LOSSES, PRIVATE = {"smoothing", "mid", "bido", "mixup"}, {"dp_sgd", "dp_sgd_head"}
OTHER_LAYERS = {"mid", "tl_dmi", "rolss", "loft"}
PAIRS = [*combinations(("none", *STRENGTHS), 2)]


@cache
def head_weights(*names):
    """Of the last layer, after two epochs with all of these defences."""
    training = reduce(combine, [build(name, 0.0 if name == "none" else 0.5) for name in names])
    defended = training.fit(model(), *task(), seed=0, **OPTIONS | {"epochs": 2})
    return defended.model.head.weight.detach()


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_every_pair_is_refused_at_once_or_trains_as_both_do(first, second):
    pair = {first, second}
    mixes_pictures = pair & PRIVATE and pair & {"bido", "mixup"}
    untrained = "dp_sgd_head" in pair and pair & OTHER_LAYERS
    if pair <= LOSSES or pair <= PRIVATE or mixes_pictures or untrained or pair in ({"mid", "loft"}, {"bido", "loft"}):
        with pytest.raises(ValueError, match="defences? .* must|must meet"):
            combine(build(first, 0.5), build(second, 0.5))
        return
    if pair & PRIVATE:
        pytest.importorskip("opacus", reason='needs Opacus: pip install "mia_kit[dp]"')
    both = head_weights(first, second)
    assert both.isfinite().all()
    assert torch.equal(both, head_weights(second)) == (first == "none")
    assert not torch.equal(both, head_weights(first))


def test_dropout_keeps_the_loss_that_it_is_given():
    images, labels = task()
    network = model().eval()
    torch.manual_seed(1)
    loss = DropoutObjective(0.5, SmoothedObjective(0.3, 1))(network, images, labels, 0)
    torch.manual_seed(1)
    kept = torch.nn.functional.dropout(torch.ones(12, 32), 0.5)
    soft = 0.7 * torch.eye(3)[labels] + 0.1
    torch.testing.assert_close(loss, cross_entropy(network.head(network.features(images) * kept), soft))


def test_the_ramp_and_the_rates_are_those_of_the_whole_run():
    """Negative smoothing stopped after 4 of 5 epochs is the first 4 of the whole run."""
    pair = combine(build("smoothing", -0.1), build("early_stopping", 0.2))
    stopped = pair.fit(model(), *task(), seed=0, **OPTIONS).history
    whole = build("smoothing", -0.1).fit(model(), *task(), seed=0, **OPTIONS).history
    assert stopped == whole[:4]
