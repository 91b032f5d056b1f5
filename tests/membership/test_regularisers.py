"""Each mechanism against its formula, and all of them, alone and in pairs, through `fit`."""

import pytest
import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import cross_entropy

from mia_kit.membership import regularisers
from mia_kit.membership.regularisers import Mechanism, combine, fit_with, private_objective
from mia_kit.models import SmallClassifier
from mia_kit.training import fit


def task(n: int = 12) -> tuple[Tensor, Tensor]:
    return torch.rand(n, 1, 16, 16, generator=Generator().manual_seed(0)) * 2 - 1, torch.arange(n) % 3


def linear(seed: int = 0) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Flatten(), nn.Linear(256, 3))


def mechanisms() -> list[Mechanism]:
    return [
        regularisers.weight_decay(),
        regularisers.crop_and_flip(),
        regularisers.noise(),
        regularisers.cutout(),
        regularisers.early_stopping(0.5),
        regularisers.label_smoothing(),
        regularisers.label_smoothing(regularisers.STRENGTHS["negative smoothing"]),
        regularisers.distillation(linear(1)),
        regularisers.disturbed_labels(),
        regularisers.private_training(),
    ]


def weight_after(mechanism: Mechanism | None, epochs: int = 4, seed: int = 0) -> Tensor:
    trained, _ = fit_with(
        mechanism, linear(), *task(), epochs=epochs, seed=seed, batch_size=6, learning_rate=0.01, progress=False
    )
    return trained[1].weight.detach()


def test_twelve_mechanisms_have_a_strength_and_their_names() -> None:
    assert len(regularisers.STRENGTHS) == 12
    names = {mechanism.name for mechanism in mechanisms()}
    assert names == set(regularisers.STRENGTHS) - {"dropout", "mixup"}


@pytest.mark.parametrize("place", range(10))
def test_each_changes_what_is_learnt_and_repeats_itself(place: int) -> None:
    found = weight_after(mechanisms()[place])
    assert found.isfinite().all() and not torch.equal(found, weight_after(None))
    assert torch.equal(found, weight_after(mechanisms()[place]))


def test_none_is_plain_training_and_early_stopping_a_shorter_one() -> None:
    plain = linear()
    fit(plain, *task(), seed=0, epochs=4, batch_size=6, learning_rate=0.01, progress=False)
    assert torch.equal(plain[1].weight, weight_after(None))
    _, result = fit_with(
        regularisers.early_stopping(), linear(), *task(), epochs=35, seed=0, batch_size=6, progress=False
    )
    assert len(result.history) == 4
    _, result = fit_with(regularisers.early_stopping(), linear(), *task(), epochs=2, seed=0, progress=False)
    assert len(result.history) == 1


def test_noise_has_its_deviation_and_cutout_hides_a_square() -> None:
    images = torch.ones(400, 1, 16, 16)
    added = regularisers.noise(0.3).augment(images, Generator().manual_seed(0)) - images
    assert added.std().item() == pytest.approx(0.3, rel=0.02) and abs(added.mean().item()) < 0.01
    cut = regularisers.cutout(0.5).augment(images, Generator().manual_seed(0))
    rows, columns = ((cut == 0).any(dim=axis).sum(dim=(1, 2)) for axis in (3, 2))
    assert torch.equal((cut == 0).sum(dim=(1, 2, 3)), rows * columns)  # a rectangle, a square unless at the border
    assert rows.max() == columns.max() == 8 and rows.min() == 4
    assert torch.equal(images, torch.ones(400, 1, 16, 16))


@pytest.mark.parametrize("temperature", [1, 10, 1000])
def test_the_gradient_of_distillation_against_its_formula(temperature: float) -> None:
    """At the logits it is the temperature times the difference of the two softened answers, over n."""
    images, labels = task()
    teacher, student = linear(1), linear(2)
    objective = regularisers.distillation(teacher, temperature).objective(1)
    logits = student(images).detach().requires_grad_()
    objective(lambda _: logits, images, labels, 0).backward()
    softened = [(scores.double() / temperature).softmax(dim=1) for scores in (logits, teacher(images))]
    wanted = (temperature * (softened[0] - softened[1]) / len(images)).float().detach()
    torch.testing.assert_close(logits.grad, wanted, atol=1e-6, rtol=1e-4)
    assert objective(teacher, images, labels, 0).item() == pytest.approx(0, abs=1e-9)
    assert objective(student, images, labels, 0).item() > 0


def test_the_share_of_labels_that_is_drawn_anew() -> None:
    """A model sure of the first of four classes is wrong on 3/4 of the labels drawn anew."""
    logits = torch.tensor([100.0, 0, 0, 0]).expand(20_000, 4)
    labels = torch.zeros(20_000, dtype=torch.long)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        loss = regularisers.disturbed_labels(0.2).objective(1)(lambda _: logits, logits, labels, 0)
    assert loss.item() / 100 == pytest.approx(0.2 * 0.75, rel=0.05)


@pytest.mark.parametrize("clip", [0.5, 1e6])
def test_private_gradients_against_one_example_after_another(clip: float) -> None:
    images, labels = task(6)
    model = regularisers.group_normed(SmallClassifier(1, 3, seed=0, width=4))

    def plain(network: nn.Module, batch: Tensor, own: Tensor, epoch: int) -> Tensor:
        return cross_entropy(network(batch), own)

    loss = private_objective(plain, 0.0, clip=clip)(model, images, labels, 0)
    found = torch.autograd.grad(loss, list(model.parameters()))
    wanted = [torch.zeros_like(weight) for weight in model.parameters()]
    for image, label in zip(images, labels, strict=True):
        own = torch.autograd.grad(cross_entropy(model(image[None]), label[None]), list(model.parameters()))
        length = torch.cat([part.flatten() for part in own]).norm()
        for total, part in zip(wanted, own, strict=True):
            total += part * min(1.0, clip / length) / len(images)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-4)
    assert loss.item() == pytest.approx(cross_entropy(model(images), labels).item(), rel=1e-5)


def test_private_noise_has_its_deviation() -> None:
    images, labels = task(4)
    model = linear()

    def nothing(network: nn.Module, batch: Tensor, own: Tensor, epoch: int) -> Tensor:
        return 0 * network(batch).sum()

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        (found, _) = torch.autograd.grad(private_objective(nothing, 3.0)(model, images, labels, 0), model.parameters())
    assert found.std().item() == pytest.approx(3.0 / 4, rel=0.1)


def test_pairs_do_what_both_do() -> None:
    both = combine(regularisers.noise(), regularisers.cutout(0.5))
    images, _ = task()
    by_hand = Generator().manual_seed(0)
    wanted = regularisers.cutout(0.5).augment(regularisers.noise().augment(images, by_hand), by_hand)
    assert torch.equal(both.augment(images, Generator().manual_seed(0)), wanted)
    three = combine(combine(regularisers.early_stopping(0.5), regularisers.weight_decay()), both)
    assert (three.epochs, three.weight_decay) == (0.5, 5e-4)
    assert three.name == "early stopping + weight decay + noise + cutout"
    smooth = combine(regularisers.private_training(), regularisers.label_smoothing())
    trained, _ = fit_with(
        smooth, SmallClassifier(1, 3, seed=0, width=4), *task(), epochs=1, seed=0, batch_size=6, progress=False
    )
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in trained.modules())
    assert trained(task()[0]).isfinite().all()


def test_a_pair_that_competes_is_refused() -> None:
    for one, other, slot in (
        (regularisers.label_smoothing(), regularisers.disturbed_labels(), "objective"),
        (regularisers.weight_decay(), regularisers.weight_decay(), "weight_decay"),
        (regularisers.private_training(), regularisers.private_training(), "private"),
    ):
        sentence = f"must change different things, got {slot} from {one.name} and {other.name} instead"
        with pytest.raises(ValueError, match=sentence):
            combine(one, other)


def test_bad_input() -> None:
    for call, sentence in (
        (lambda: regularisers.noise(-1), r"deviation must lie in \[0, 10\], got -1 instead"),
        (lambda: regularisers.cutout(1.5), r"share must lie in \[0, 1\], got 1.5 instead"),
        (lambda: regularisers.disturbed_labels(-0.1), r"share must lie in \[0, 1\], got -0.1 instead"),
        (lambda: regularisers.distillation(linear(), 0.5), r"temperature must lie in \[1, 1000\], got 0.5 instead"),
        (lambda: regularisers.early_stopping(0), r"epochs must lie in \(0, 1\]"),
        (lambda: regularisers.weight_decay(-1), "must not be negative, got 1.0, -1 and 0.0 instead"),
        (lambda: regularisers.private_training(0), "noise_multiple must be above 0, got 0 instead"),
        (lambda: regularisers.label_smoothing(2).objective(1), r"must lie in \(-inf, 1\], got 2 instead"),
    ):
        with pytest.raises(ValueError, match=sentence):
            call()
