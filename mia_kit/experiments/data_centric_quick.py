"""Chapter 10 live: contributors protect themselves among people of ORL, with the DCGAN of rendered faces as the prior.

Thirty of the forty are the target's people, the other ten the outsiders among whom surrogates are chosen. The second
judge, who chooses them and says whom a reconstruction resembles, is a classifier of all forty, trained on photographs
that no target sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mia_kit.data.aligned import load_aligned
from mia_kit.defences import DataCentric, Protected, protect
from mia_kit.experiments.data_centric_people import Case, appoint_surrogates
from mia_kit.experiments.face_attack import Judges, appoint, attack, fitted, judge
from mia_kit.experiments.face_people import People, deal_photographs
from mia_kit.experiments.face_quick import (
    BRIEF_ATTACK,
    EVALUATOR,
    PHOTOGRAPHS,
    POOL,
    SIZE,
    TARGET,
    as_pictures,
)
from mia_kit.experiments.face_targets import KINDS, fit_classifier, fit_evaluator
from mia_kit.metrics import detector_auc, detector_scores, outlier_scores, person_distances
from mia_kit.metrics.intervals import Interval
from mia_kit.metrics.landscape import LossPlane, class_loss, curvature, loss_plane
from mia_kit.models import DCGAN_FRAME, Classifier, Framed, Prior, in_batches, load_dcgan
from mia_kit.training import one_thread

CLASSES = 30
PROTECTED = (0, 7, 14, 21)
ABLATION: dict[str, tuple[str, ...]] = {
    "undefended": (),
    "injection alone": ("injection",),
    "all three steps": ("injection", "loss", "curvature"),
}
EPOCHS = 15
FOLDS = 5  # of the detector, if so many classes hold injected pictures
QUICK_ATTACK = BRIEF_ATTACK | {"pool": 300, "candidates": 1, "steps": 25, "film": [0, 25]}
HALF = DataCentric(copies_mislabelled=0.5)


@dataclass(frozen=True, eq=False)
class Scene:
    """Who protects themselves, who judges, and the attacker's prior."""

    case: Case
    judges: Judges
    prior: Prior


@dataclass(frozen=True, eq=False)
class Trained:
    """A target with some of the steps.

    accuracy, accuracy_protected : shares of unseen photographs that it is right on, of all people and of the protected
    """

    model: Classifier
    accuracy: float
    accuracy_protected: float


@dataclass(frozen=True, eq=False)
class Brought:
    """What the attack brings back: an entry for each protected person.

    pictures : uint8 of shape (protected, h, w, 3)
    rank : of the person, by the evaluator; 1 is a hit
    to_person, to_surrogate : the second judge's distances, to photographs that no target saw
    """

    pictures: np.ndarray
    rank: np.ndarray
    to_person: np.ndarray
    to_surrogate: np.ndarray

    @property
    def nearer_surrogate(self) -> np.ndarray:
        """Whether it resembles the surrogate more than the person."""
        nearer: np.ndarray = self.to_surrogate < self.to_person
        return nearer


def set_up(
    *, protected: Sequence[int] = PROTECTED, seed: int = 0, epochs: int = EPOCHS, progress: bool = True
) -> Scene:
    """Train both judges and appoint the surrogates, ten seconds. Raises DataError if the DCGAN's weights are absent."""
    prior = Framed(load_dcgan(), *DCGAN_FRAME)
    everybody = deal_photographs(load_aligned("orl", SIZE), pool=POOL, least=PHOTOGRAPHS, seed=seed)
    people, outsiders = told_apart(everybody)
    own: dict[str, Any] = {"progress": progress}
    with one_thread():
        evaluator = fit_evaluator(people, EVALUATOR | {"epochs": epochs}, seed=seed + 1, **own).model
        second = fit_evaluator(everybody, EVALUATOR | {"epochs": epochs}, seed=seed + 2, **own).model
        judges = appoint(people, evaluator, second.features)
        more: dict[str, Any] = {"per_class": POOL, "injected": POOL, "embed": judges.embed}
        case = appoint_surrogates(people, protected, outsiders, **more)
    return Scene(case, judges, prior)


def told_apart(everybody: People) -> tuple[People, dict[str, Tensor]]:
    """The target's people, and the others' photographs in their order."""
    inside = everybody.labels < CLASSES
    people = replace(
        everybody,
        images=everybody.images[inside],
        labels=everybody.labels[inside],
        order=everybody.order[inside],
        class_names=everybody.class_names[:CLASSES],
    )
    names = everybody.class_names
    others = {names[one]: everybody.images[everybody.labels == one] for one in range(CLASSES, len(names))}
    return people, others


def handed_in(scene: Scene, steps: Sequence[str], *, seed: int = 0, settings: DataCentric = HALF) -> Protected:
    """What the trainer gets if the protected people take these steps."""
    people = scene.case.people
    own = people.target_training(POOL)
    return protect(
        people.floats(own),
        people.labels[own],
        scene.case.protected,
        seed=seed,
        surrogates=scene.case.floats(scene.case.injected),
        settings=replace(settings, steps=tuple(steps)),
        classes=CLASSES,
    )


def train(scene: Scene, steps: Sequence[str], *, seed: int = 0, epochs: int = EPOCHS, progress: bool = True) -> Trained:
    """A target of what the trainer gets: five seconds, with all steps eight."""
    people, given = scene.case.people, handed_in(scene, steps, seed=seed)
    model = KINDS["target"](people.images.shape[1], CLASSES, seed=seed, width=TARGET["width"])
    with one_thread():
        more: dict[str, Any] = {"seed": seed, "progress": progress}
        fit_classifier(model, given.images, given.labels, TARGET | {"epochs": epochs}, **more)
        unseen = ~people.target_training(POOL)
        right = in_batches(model, people.floats(unseen)).argmax(dim=1) == people.labels[unseen]
    own = torch.isin(people.labels[unseen], torch.tensor(scene.case.protected))
    return Trained(model, float(right.float().mean()), float(right[own].float().mean()))


def bring_back(
    scene: Scene, trained: Trained, *, settings: dict[str, Any] | None = None, seed: int = 0, progress: bool = True
) -> Brought:
    """Attack the protected people, a second each, and let the judges look at what is handed in."""
    case, judges = scene.case, scene.judges
    more: dict[str, Any] = {"size": case.people.images.shape[2], "seed": seed, "progress": progress}
    found = attack(trained.model, scene.prior, case.protected, settings or QUICK_ATTACK, **more)
    picked = found.selected
    targets, images = found.targets[picked].numpy(), fitted(found.images[picked], case.people)
    said = judge(images, targets, picked[picked].numpy(), case.people, judges, per_class=POOL)
    references = torch.cat(list(case.floats(case.held_back).values()))
    whose = np.repeat(case.protected, [len(case.held_back[own]) for own in case.protected])
    embeddings = in_batches(judges.embed, images).numpy()
    to_surrogate = person_distances(embeddings, targets, in_batches(judges.embed, references).numpy(), whose)
    return Brought(as_pictures(images.expand(-1, 3, -1, -1)), said.rank, said.distance, to_surrogate)


def planes(
    scene: Scene, targets: dict[str, Trained], person: int, *, cells: int = 25, seed: int = 0
) -> dict[str, LossPlane]:
    """The attacker's loss for each target, on the plane through a photograph of the person and one of the surrogate."""
    own, shown = _first_photographs(scene, person)
    return {
        name: loss_plane(class_loss(trained.model, person), own[0], shown[0], seed=seed, cells=cells)
        for name, trained in targets.items()
    }


def bends(scene: Scene, targets: dict[str, Trained], person: int, *, count: int = 2, seed: int = 0) -> dict[str, Any]:
    """Median curvature of that loss at `count` photographs of the person and of the surrogate, for each target."""
    pair = [pictures[:count] for pictures in _first_photographs(scene, person)]
    return {
        name: tuple(
            float(np.median(curvature(class_loss(trained.model, person), own, seed=seed, iterations=20).values))
            for own in pair
        )
        for name, trained in targets.items()
    }


def noticed(scene: Scene, steps: Sequence[str], *, seed: int = 0) -> Interval:
    """How well a trainer with a reference network tells what was injected or relabelled: area under the ROC curve."""
    given = handed_in(scene, steps, seed=seed)
    features, labels = in_batches(scene.judges.embed, given.images).numpy(), given.labels.numpy()
    injected = (given.owners >= 0).numpy()
    folds = min(FOLDS, len(np.unique(labels[injected])))
    odds = detector_scores(outlier_scores(features, labels), injected, labels, folds=folds, seed=seed)
    return detector_auc(odds, injected, labels, seed=seed)


def photographs(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """A photograph of each protected person and one of the surrogate: uint8 of shape (protected, h, w, 3) each."""
    pairs = [_first_photographs(scene, own) for own in scene.case.protected]
    both = [torch.stack([pair[side][0] for pair in pairs]) for side in (0, 1)]
    return as_pictures(both[0].expand(-1, 3, -1, -1)), as_pictures(both[1].expand(-1, 3, -1, -1))


def _first_photographs(scene: Scene, person: int) -> tuple[Tensor, Tensor]:
    """What the person trains the target with, and what stands in for them: floats in [-1, 1]."""
    people = scene.case.people
    own = people.target_training(POOL) & (people.labels == person)
    return people.floats(own), scene.case.floats(scene.case.injected)[person]
