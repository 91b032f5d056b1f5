"""Claims S19 to S21: what smoothing does to attackers who want something else than a face.

* **Adversarial examples**: which photographs stay right when every pixel may change by epsilon? Projected gradient
  ascent (Madry et al., ICLR 2018) on two losses. A saturated softmax has no gradient of cross-entropy, and whoever
  stops there takes blindness for robustness; the margin (Carlini and Wagner, S&P 2017) still has one.
* **Membership inference**: do photographs that the target trained on have a lower loss than others of the same person
  (Yeom et al., CSF 2018)?
* **Model stealing**: a student learns the target's answers to public pictures, one query each, as in Knockoff Nets
  (Orekondy et al., CVPR 2019). Does it agree with the target about people whom it never saw?
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from mia_kit.access import ConfidenceAPI, WhiteBox
from mia_kit.attacks.lomma import divergence
from mia_kit.attacks.losses import Loss, cross_entropy, margin
from mia_kit.attacks.prior_to_target import in_channels
from mia_kit.data.pictures import to_floats
from mia_kit.membership import losses_and_confidences
from mia_kit.metrics import roc
from mia_kit.models import Classifier, in_batches
from mia_kit.runs.cells import Cell, Columns, Rows
from mia_kit.runs.parts import Made, Part, Values
from mia_kit.studies.inversion.columns import about
from mia_kit.studies.inversion.gans import Public
from mia_kit.studies.inversion.networks import Target, Trained, Trunk, kept, train
from mia_kit.studies.inversion.people import PeoplePart, Photos
from mia_kit.studies.inversion.recipe import Network, SideEffects, World

GREY_LEVELS = 255
BATCH = 200
# The losses that an adversarial example climbs; a photograph is safe if it withstands both.
CLIMBED: dict[str, Loss] = {"cross_entropy": cross_entropy, "margin": margin}


def side_effects(model: Target, world: World, settings: SideEffects) -> Iterator[Cell]:
    """The cells of one target."""
    seed = model.seed
    for epsilon in settings.epsilons:
        yield RobustnessCell(model, epsilon, settings.photographs, settings.steps, seed)
    yield MembershipCell(model, seed)
    yield StealingCell(Student(model.people, settings.student, model, Public(world, settings.queries), seed), seed)


@dataclass(frozen=True)
class RobustnessCell(Cell):
    """Shares of each person's first unseen photographs that stay right, under each loss and under both.

    epsilon : greatest change of a pixel, in grey levels of 255
    """

    model: Target
    epsilon: float
    photographs: int
    steps: int
    seed: int

    def columns(self) -> Columns:
        return about(self.model) | {"seed": self.seed, "epsilon": self.epsilon}

    def fill(self, rows: Rows, made: Made) -> None:
        model, test = made(self.model), made(self.model.people).test.first(self.photographs)
        safe = in_batches(model, test.floats).argmax(dim=1) == test.labels
        under_all = safe
        for name, loss in CLIMBED.items():
            parts = zip(test.floats.split(BATCH), test.labels.split(BATCH), strict=True)
            changed = [climbed(model, *part, loss, epsilon=self.epsilon, steps=self.steps) for part in parts]
            withstood = safe & (in_batches(model, torch.cat(changed)).argmax(dim=1) == test.labels)
            _add(rows, f"robust_{name}", withstood, test)
            under_all = under_all & withstood
        _add(rows, "robust_accuracy", under_all, test)


def climbed(model: Classifier, images: Tensor, labels: Tensor, loss: Loss, *, epsilon: float, steps: int) -> Tensor:
    """Images after so many steps up the loss, none of whose pixels moved by more than epsilon grey levels."""
    size = 2 * epsilon / GREY_LEVELS  # of a range from -1 to 1
    changed = images
    for _ in range(steps):
        changed = changed.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(model(changed), labels).sum(), changed)
        stepped = changed + 2.5 * size / steps * gradient.sign()
        changed = stepped.clamp(images - size, images + size).clamp(-1, 1)
    return changed.detach()


@dataclass(frozen=True)
class MembershipCell(Cell):
    """The loss attack: for each person the area under the ROC curve of members against unseen photographs.

    It compares confidences on the logit scale, which fall as the loss rises; an area of 0.5 is guessing.
    """

    model: Target
    seed: int

    def columns(self) -> Columns:
        return about(self.model) | {"seed": self.seed}

    def fill(self, rows: Rows, made: Made) -> None:
        people, access = made(self.model.people), WhiteBox(made(self.model))
        members, others = people.target.first(self.model.per_class), people.test
        inside, outside = (losses_and_confidences(access, p.floats, p.labels)[1] for p in (members, others))
        areas = [roc(inside[members.labels == n], outside[others.labels == n]).area for n in range(people.count)]
        rows.add("membership_auc", areas, units=range(people.count))


@dataclass(frozen=True)
class Student(Trained):
    """A copy of `model` that was trained on its confidences about public pictures."""

    people: PeoplePart
    network: Network
    model: Target
    public: Public
    seed: int
    trunk: Trunk | None = None

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        student, people = self.fresh(made)
        images = in_channels(people.channels, made(self.public))
        answers = in_batches(ConfidenceAPI(made(self.model)).confidences, to_floats(images))  # (queries, people)
        train(
            student,
            Photos(images, answers),
            self.network,
            seed=self.seed,
            objective=divergence,
            checkpoint=checkpoint,
            progress=progress,
        )
        return kept(student, people.channels)


@dataclass(frozen=True)
class StealingCell(Cell):
    """Shares of each person's test photographs of which student and target say the same, and the student the truth."""

    student: Student
    seed: int

    def columns(self) -> Columns:
        return about(self.student.model) | {"seed": self.seed}

    def fill(self, rows: Rows, made: Made) -> None:
        test = made(self.student.people).test
        parts: tuple[Part[Classifier], ...] = (self.student, self.student.model)
        answers, says = (in_batches(made(part), test.floats).argmax(dim=1) for part in parts)
        _add(rows, "stealing_agreement", answers == says, test)
        _add(rows, "stolen_accuracy", answers == test.labels, test)


def _add(rows: Rows, measure: str, mask: Tensor, photos: Photos) -> None:
    """A row for each person: the share of their photographs at which `mask`, of shape (n,), is true."""
    counts = torch.bincount(photos.labels)
    rows.add(measure, torch.bincount(photos.labels, mask.double()) / counts, units=range(len(counts)))
