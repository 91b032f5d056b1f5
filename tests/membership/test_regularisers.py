"""Each mechanism against its formula, and all of them, alone and in pairs, through `fit`."""

import pytest
import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import cross_entropy

from mia_kit.defences import DefenceTraining, build, combine
from mia_kit.defences.regularisers import CutoutAugment, DistillationObjective, DisturbedLabelsObjective, NoiseAugment
from mia_kit.models import SmallClassifier
from mia_kit.training import SmoothedObjective


def task(n: int = 12) -> tuple[Tensor, Tensor]:
    return torch.rand(n, 1, 16, 16, generator=Generator().manual_seed(0)) * 2 - 1, torch.arange(n) % 3


def linear(seed: int = 0) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Flatten(), nn.Linear(256, 3))


def network(seed: int = 0) -> SmallClassifier:
    return SmallClassifier(1, 3, seed=seed, width=4)


STRENGTHS = {
    "weight_decay": 0.1, "dropout": 0.2, "crop_and_flip": 3, "noise": 0.1, "early_stopping": 0.9, "smoothing": 0.05,
    "distillation": 10, "dp_sgd": 1, "cutout": 0.5, "mixup": 1, "disturbed_labels": 0.1,
}  # fmt: skip
SETTINGS = {"epochs": 4, "seed": 0, "batch_size": 6, "learning_rate": 0.01, "progress": False}


def weight_after(training: DefenceTraining) -> Tensor:
    return training.fit(network(), *task(), **SETTINGS).model.head.weight.detach()


@pytest.mark.parametrize("name", STRENGTHS)
def test_each_changes_what_is_learnt_and_repeats_itself(name: str) -> None:
    if name == "dp_sgd":
        pytest.importorskip("opacus", reason='needs Opacus: pip install "mia_kit[dp]"')
    training = build(name, STRENGTHS[name], teacher=network(1))
    assert (training.name, training.strength) == (name, STRENGTHS[name])
    found = weight_after(training)
    assert found.isfinite().all() and not torch.equal(found, weight_after(DefenceTraining()))
    assert torch.equal(found, weight_after(build(name, STRENGTHS[name], teacher=network(1))))


def test_noise_has_its_deviation_and_cutout_hides_a_square() -> None:
    images = torch.ones(400, 1, 16, 16)
    added = NoiseAugment(0.3)(images, Generator().manual_seed(0)) - images
    assert added.std().item() == pytest.approx(0.3, rel=0.02) and abs(added.mean().item()) < 0.01
    cut = CutoutAugment(0.5)(images, Generator().manual_seed(0))
    rows, columns = ((cut == 0).any(dim=axis).sum(dim=(1, 2)) for axis in (3, 2))
    assert torch.equal((cut == 0).sum(dim=(1, 2, 3)), rows * columns)  # a rectangle, a square unless at the border
    assert rows.max() == columns.max() == 8 and rows.min() == columns.min() == 4
    assert set(cut.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(images, torch.ones(400, 1, 16, 16))


@pytest.mark.parametrize("temperature", [1, 10, 1000])
def test_the_gradient_of_distillation_against_its_formula(temperature: float) -> None:
    """At the logits it is the temperature times the difference of the two softened answers, over n."""
    images, labels = task()
    teacher, student = linear(1).train(), linear(2)
    objective = DistillationObjective(teacher, temperature)
    assert teacher.training and not objective.teacher.training
    logits = student(images).detach().requires_grad_()
    objective(lambda _: logits, images, labels, 0).backward()
    softened = [(scores.double() / temperature).softmax(dim=1) for scores in (logits, teacher(images))]
    wanted = (temperature * (softened[0] - softened[1]) / len(images)).float().detach()
    torch.testing.assert_close(logits.grad, wanted, atol=1e-6, rtol=1e-4)
    assert objective(teacher, images, labels, 0).item() == pytest.approx(0, abs=1e-9)
    divergence = (softened[1] * (softened[1] / softened[0]).log()).sum(dim=1).mean().item()
    assert objective(student, images, labels, 0).item() == pytest.approx(temperature**2 * divergence, rel=1e-6)


def test_the_share_of_labels_that_is_drawn_anew() -> None:
    """A model sure of the first of four classes is wrong on 3/4 of the labels drawn anew."""
    logits = torch.tensor([100.0, 0, 0, 0]).expand(20_000, 4)
    labels = torch.zeros(20_000, dtype=torch.long)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        loss = DisturbedLabelsObjective(0.2)(lambda _: logits, logits, labels, 0)
    assert loss.item() / 100 == pytest.approx(0.2 * 0.75, rel=0.05)
    assert DisturbedLabelsObjective(0.0)(lambda _: logits, logits, labels, 0).item() == 0
    whole = DisturbedLabelsObjective(1.0)(lambda _: torch.zeros(6, 4), logits[:6], labels[:6], 0)
    assert whole.item() == pytest.approx(cross_entropy(torch.zeros(1, 4), labels[:1]).item())


def test_a_student_of_a_teacher_without_noise_is_not_private() -> None:
    with pytest.raises(ValueError, match="got distillation instead: its teacher learnt"):
        combine(build("dp_sgd", 1), build("distillation", 10, teacher=network(1)))
    assert isinstance(combine(build("dp_sgd", 1), build("noise", 0.1))._loss(4), SmoothedObjective)
