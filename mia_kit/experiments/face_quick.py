"""Chapter 3's live attack: forty people of ORL, a small target, the DCGAN of rendered faces, two minutes on a CPU.

Everything comes from Python packages, so the second judge is not the face embedder, whose weights no package has, but
the features of another classifier, trained on the photographs that the target never sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mia_kit.attacks import Reconstructions
from mia_kit.experiments.face_attack import Judges, Measures, appoint, attack, film, measure
from mia_kit.experiments.face_people import People, load_people
from mia_kit.experiments.face_targets import Fitted, fit_evaluator, fit_target
from mia_kit.models import DCGAN_FRAME, Framed, Prior, load_dcgan
from mia_kit.training import one_thread

SIZE, POOL, PHOTOGRAPHS = 64, 5, 10
TARGET = {"width": 16, "epochs": 50, "batch_size": 32, "learning_rate": 1e-3}
EVALUATOR = TARGET | {"width": 24}
ATTACK: dict[str, Any] = {
    "pool": 1000,
    "candidates": 4,
    "keep": 1,
    "steps": 50,
    "learning_rate": 0.05,
    "selection_views": 10,
    "batch_size": 32,
    "film": [0, 2, 5, 10, 20, 30, 40, 50],
}


@dataclass(frozen=True, eq=False)
class Scene:
    """Who is attacked, with what, and who judges."""

    people: People
    target: Fitted
    evaluator: Fitted
    judges: Judges
    prior: Prior


@dataclass(frozen=True, eq=False)
class Film:
    """An attack along its way: for each number of steps the reconstructions and what the judges say of them."""

    steps: tuple[int, ...]
    frames: tuple[Reconstructions, ...]
    measures: tuple[Measures, ...]


def set_up(smoothing: float = 0.0, *, seed: int = 0, progress: bool = True) -> Scene:
    """Train the target and both judges, about half a minute. Raises DataError if the DCGAN's weights are absent."""
    prior = Framed(load_dcgan(), *DCGAN_FRAME)
    people = load_people("orl", size=SIZE, pool=POOL, least=PHOTOGRAPHS, seed=seed)
    with one_thread():
        target = fit_target(people, TARGET, per_class=POOL, smoothing=smoothing, seed=seed, progress=progress)
        evaluator = fit_evaluator(people, EVALUATOR, seed=seed + 1, progress=progress)
        second = fit_evaluator(people, EVALUATOR, seed=seed + 2, progress=progress)
        judges = appoint(people, evaluator.model, second.model.features)
    return Scene(people, target, evaluator, judges, prior)


def attack_people(scene: Scene, target_classes: Sequence[int], *, seed: int = 0, progress: bool = True) -> Film:
    """Attack some of the forty, about four seconds each, and let the judges look at every frame of the film."""
    found = attack(scene.target.model, scene.prior, target_classes, ATTACK, size=SIZE, seed=seed, progress=progress)
    frames = film(found, scene.prior)
    measures = tuple(measure(frame, scene.people, scene.judges, per_class=POOL) for frame in frames)
    return Film(tuple(ATTACK["film"]), tuple(frames), measures)
