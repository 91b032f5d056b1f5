"""What GMI, KED-MI and PLG-MI promise alike: reach the class, count, batch, repeat, refuse, leave the target alone."""

import copy
from dataclasses import replace

import pytest
import torch
from quarters import SIZE, ClassFlatPrior, FlatPrior, Quarters, no_classes, no_opinion, public_images

from mia_kit.access import WhiteBox
from mia_kit.attacks import Reconstructions, gmi, kedmi, lomma, margin, plgmi
from mia_kit.attacks.crops import Crop
from mia_kit.attacks.descent import descend
from mia_kit.attacks.latent_search import answers, as_seen, on_images
from mia_kit.models.convolutional_gan import ClassDiscriminator, ConvolutionalPrior, ProjectionCritic
from mia_kit.training.wasserstein import AdversarySettings

SETTINGS = {
    "gmi": gmi.Settings(input_size=SIZE, starts=3, steps=60, averaged_over=8),
    "kedmi": kedmi.Settings(input_size=SIZE, starts=1, samples=3, steps=150),
    "plgmi": plgmi.Settings(
        input_size=SIZE, starts=3, steps=40, crop=Crop(area=(0.8, 1.0))
    ),  # a mirror is another class
}
ATTACKS = {"gmi": gmi.run, "kedmi": kedmi.run, "plgmi": plgmi.run}
JUDGES = {"gmi": {"critic": no_opinion}, "kedmi": {"discriminator": no_classes}, "plgmi": {}}


def flat(name: str) -> FlatPrior:
    return ClassFlatPrior() if name == "plgmi" else FlatPrior()


def attack(name: str, access: object = None, targets=(2, 0), *, prior=None, seed=1, changes=None, **more):
    """Run one of the three on the toy; `changes` are to its settings."""
    options = {
        "prior": prior or flat(name),
        "seed": seed,
        "settings": replace(SETTINGS[name], **changes or {}),
        "progress": False,
    }
    return ATTACKS[name](access or WhiteBox(Quarters()), targets, **options | JUDGES[name] | more)


@pytest.mark.parametrize("name", ATTACKS)
def test_each_reaches_its_classes(name: str) -> None:
    """Class 0, which a test written as `if cls` would leave out, is one of them."""
    found: Reconstructions = attack(name)
    assert found.targets.tolist() == [2] * 3 + [0] * 3
    shades = found.images[:, 0, ::4, ::4].flatten(1)  # (m, 4)
    assert torch.equal(shades.argmax(dim=1), found.targets)
    assert (found.scores > 0.9).all()
    assert found.trace.losses[-1].mean() < found.trace.losses[0].mean()


@pytest.mark.parametrize("name", ATTACKS)
def test_images_are_synthesised_once_for_every_measure(name: str) -> None:
    prior, changes = flat(name), {"steps": 4}
    found = attack(name, prior=prior, changes=changes)
    searches = 2 if name == "kedmi" else 6
    assert prior.made == 2 + 4 * searches + 6  # the first two tell whether prior and target fit
    assert torch.equal(found.images, prior.synthesise(found.codes))


@pytest.mark.parametrize("name", ATTACKS)
def test_the_best_start_by_the_targets_confidence_is_selected(name: str) -> None:
    model = Quarters(contrast=1.0)
    found = attack(name, WhiteBox(model), changes={"steps": 1})
    confidences = model(found.images).softmax(dim=1).gather(1, found.targets[:, None]).squeeze(1)
    torch.testing.assert_close(found.scores, confidences, atol=1e-5, rtol=1e-5)
    best = confidences.view(2, 3).argmax(dim=1)
    assert found.selected.view(2, 3).nonzero()[:, 1].tolist() == best.tolist()
    assert confidences.view(2, 3).std(dim=1).min() > 1e-3  # there was something to choose


QUERIES = {"gmi": 1 + 5 * 6 + 6, "kedmi": 1 + 5 * 2 + 6, "plgmi": 1 + 5 * 6 * 2 + 6}


@pytest.mark.parametrize("name", ATTACKS)
def test_queries_add_up(name: str) -> None:
    model = Quarters()
    access = WhiteBox(model)
    found = attack(name, access, changes={"steps": 5})
    assert found.queries == QUERIES[name] == access.queries == sum(model.log.batches)


@pytest.mark.parametrize("name", ATTACKS)
def test_the_same_seed_gives_the_same_result_and_batches_change_nothing(name: str) -> None:
    first, again, batched, other = (
        attack(name, seed=seed, changes={"steps": 5, "batch_size": batch_size})
        for seed, batch_size in ((1, 100), (1, 100), (1, 4), (2, 100))
    )
    assert torch.equal(first.codes, again.codes) and torch.equal(first.trace.losses, again.trace.losses)
    torch.testing.assert_close(first.codes, batched.codes, atol=1e-5, rtol=1e-5)
    assert first.trace.losses.shape == batched.trace.losses.shape == (5, 6)
    assert not torch.allclose(first.codes, other.codes, atol=1e-2)


def train(name: str, access, *, steps=6, checkpoint=None):
    """Train a tiny GAN as the attack does, and give back what training took, and the generator."""
    options = {"image_size": (1, *SIZE), "width": 4}
    settings = AdversarySettings(steps=steps, batch_size=5, critic_steps=2)
    images = public_images()
    more = {"seed": 3, "settings": settings, "input_size": SIZE, "progress": False, "checkpoint": checkpoint}
    generator = ConvolutionalPrior(seed=0, latent_size=3, classes=4 if name == "plgmi" else 0, **options)
    if name == "kedmi":
        discriminator = ClassDiscriminator(4, seed=1, **options)
        return kedmi.train(access, images, generator=generator, discriminator=discriminator, **more), generator
    critic = ProjectionCritic(4, seed=1, **options)
    return plgmi.train(access, images, generator=generator, critic=critic, per_class=3, **more), generator


@pytest.mark.parametrize(("name", "expected"), [("kedmi", 40), ("plgmi", 40 + 6 * 5)])
def test_training_counts_and_tells_its_queries(name: str, expected: int, tmp_path) -> None:
    model = Quarters()
    access = WhiteBox(model)
    training, _ = train(name, access, checkpoint=tmp_path / "gan.pt")
    assert training.queries == expected == access.queries == sum(model.log.batches)
    again, _ = train(name, access, checkpoint=tmp_path / "gan.pt")  # is finished: asks for labels alone
    assert again.queries == expected and sum(model.log.batches) == expected + 40


@pytest.mark.parametrize("name", ATTACKS)
def test_the_target_learns_nothing(name: str) -> None:
    """Its batch norm does not, neither from training a GAN, nor from the inversion, whatever mode it is in."""
    model = Quarters()
    access = WhiteBox(model)
    before = copy.deepcopy(model.state_dict())
    stages = [lambda: attack(name, access, changes={"steps": 2})]
    if name != "gmi":
        stages.append(lambda: train(name, access, steps=2))
    for stage in stages:
        model.train()
        stage()
        assert all(part.training for part in model.modules())
        after = model.state_dict()
        assert all(torch.equal(before[key], after[key]) for key in before)


def test_lomma_is_an_option_of_both_inversions() -> None:
    model = Quarters()
    access = WhiteBox(model)
    loss = lomma.prepare(access, [], public_images(), seed=0, settings=lomma.Settings(penalty=0.01))
    for name in ("gmi", "kedmi"):
        asked = sum(model.log.batches)
        found = attack(name, access, loss=loss)
        searches = 6 if name == "gmi" else 2
        assert found.queries == 1 + searches * SETTINGS[name].steps + 6 == sum(model.log.batches) - asked
        assert torch.equal(model(found.images).argmax(dim=1), found.targets)


def test_records_of_a_descent_by_hand() -> None:
    """x^2 + 3 y from (2, 0) with a rate of 0.1: gradients (4, 3), (3.2, 3)."""
    x, y = torch.tensor([[2.0]], requires_grad=True), torch.zeros(1, 1, requires_grad=True)
    bar = type("Bar", (), {"update": lambda self, count: None})()
    records = descend([x, y], lambda _: (x.square() + 3 * y)[:, 0], torch.optim.SGD([x, y], lr=0.1), 2, bar=bar)
    cosine = (4 * 3.2 + 9) / (5 * (3.2**2 + 9) ** 0.5)
    assert records[0, :, 0].tolist() == pytest.approx([4.0, 1.6**2 - 0.9])
    assert records[1, :, 0].tolist() == pytest.approx([5.0, (3.2**2 + 9) ** 0.5])
    assert records[2, 0].isnan().all() and records[2, 1, 0].item() == pytest.approx(cosine)
    with pytest.raises(ValueError, match=r"losses, one a search, must have the shape \(1,\), got \(1, 1\) instead"):
        descend([x, y], lambda _: x + y, torch.optim.SGD([x, y], lr=0.1), 1, bar=bar)


def test_images_are_shown_as_the_target_takes_them() -> None:
    """Grey for a grey target, the mean of the colours, and of its size; the loss is of its logits then."""
    model = Quarters()
    model.channels = 1
    grey = public_images() / 2
    colour = grey + torch.tensor([0.5, 0.0, -0.5]).view(1, 3, 1, 1)
    access = WhiteBox(model)
    torch.testing.assert_close(answers(access, colour, SIZE), model(grey).softmax(dim=1), atol=1e-6, rtol=1e-5)
    assert as_seen(access, colour, (16, 12)).shape == (40, 1, 16, 12)
    told = on_images(access, margin)(grey[:4], torch.arange(4))
    torch.testing.assert_close(told, margin(model(grey[:4]), torch.arange(4)))
