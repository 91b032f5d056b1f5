"""Each regulariser against its formula."""

import numpy as np
import pytest
import torch
from torch import Generator
from torch.nn.functional import cross_entropy

from mia_kit.defences import DropoutObjective, MixupObjective, StrongAugment, build, combine
from mia_kit.defences.regularisers import CutoutAugment, DistillationObjective, DisturbedLabelsObjective, NoiseAugment
from mia_kit.models import ResidualClassifier
from mia_kit.training import SmoothedObjective
from tests.defences.tiny_task import linear, task

TASK = task(classes=3)


def network() -> ResidualClassifier:
    return ResidualClassifier(1, 3, seed=0, width=4).eval()


def test_mixup_is_linear_in_pictures_and_labels():
    (images, labels), model = TASK, network()
    torch.manual_seed(1)
    loss = MixupObjective(1.0)(model, images, labels, 0)
    torch.manual_seed(1)
    share = np.random.default_rng(int(torch.randint(2**62, ()))).beta(1.0, 1.0)
    partner = torch.randperm(12)
    soft = share * torch.eye(3)[labels] + (1 - share) * torch.eye(3)[labels[partner]]
    expected = cross_entropy(model(share * images + (1 - share) * images[partner]), soft)
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


def test_dropout_keeps_the_loss_that_it_is_given():
    (images, labels), model = TASK, network()
    torch.manual_seed(1)
    loss = DropoutObjective(0.5, SmoothedObjective(0.3, 1))(model, images, labels, 0)
    torch.manual_seed(1)
    kept = torch.nn.functional.dropout(torch.ones(12, 32), 0.5)
    soft = 0.7 * torch.eye(3)[labels] + 0.1
    torch.testing.assert_close(loss, cross_entropy(model.head(model.features(images) * kept), soft))


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
    images, labels = TASK
    teacher, student = linear(3, 1).train(), linear(3, 2)
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
        combine(build("dp_sgd", 1), build("distillation", 10, teacher=network()))
    assert isinstance(combine(build("dp_sgd", 1), build("noise", 0.1))._loss(4), SmoothedObjective)
