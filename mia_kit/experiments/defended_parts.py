"""The parts of the defence experiment, each kept in the store: defended target, attack, what the judges say.

People, evaluators, the prior and targets with smoothing alone are those of `face_parts`, under the same names: what
another recipe has made is found again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mia_kit.attacks.prior_to_target import synthesise
from mia_kit.defences import DefenceTraining, Defended, build
from mia_kit.experiments.face_attack import attack, judge
from mia_kit.experiments.face_parts import Parts, packed, unpacked
from mia_kit.experiments.face_people import People
from mia_kit.experiments.face_targets import KINDS, Fitted, utility
from mia_kit.models import Classifier, transplant
from mia_kit.training.augment import usual_augmentation

# Raise it when a part's code gives other results.
VERSION = 1
NONE = "none"
# Defences that are a smoothing factor, under their names in the evidence.
SIGNS = {NONE: 0.0, "negative_smoothing": -1.0, "positive_smoothing": 1.0, "smoothing": 1.0}


@dataclass(frozen=True)
class Point:
    """A target: which defence, how strong, for whom, with which seed."""

    people: People
    defence: str
    strength: float
    per_class: int
    seed: int

    @property
    def smoothing(self) -> float | None:
        """The smoothing factor, if the defence is one."""
        return SIGNS[self.defence] * self.strength if self.defence in SIGNS else None

    @property
    def recipe(self) -> DefenceTraining:
        """How the target is trained."""
        return build(self.defence, self.strength) if self.smoothing is None else build("smoothing", self.smoothing)


@dataclass(frozen=True)
class DefendedParts:
    """The parts that a recipe needs, made when they are asked for; the recipe has what `Parts` needs."""

    parts: Parts

    def target(self, point: Point) -> tuple[Fitted, float | None]:
        """The target, and the epsilon that DP-SGD guarantees for it: None for other defences."""
        if point.smoothing is not None:
            own: dict[str, Any] = {"smoothing": point.smoothing, "per_class": point.per_class, "seed": point.seed}
            return self.parts.target(point.people, **own), None

        def make(checkpoint: Path) -> dict[str, Any]:
            trunk, own = self.parts.trunk("target"), self.parts.recipe["target"]
            defended = fit_defended(point, own, trunk=trunk, checkpoint=checkpoint, progress=self.parts.progress)
            seen = point.people.target_training(point.per_class)
            fitted = Fitted(defended.model, **utility(defended.model, point.people, seen))
            return packed(fitted) | {"epsilon": defended.privacy.epsilon if defended.privacy else None}

        stored = self.parts.store.get("defended_target", self._target_settings(point), make, version=VERSION)
        return unpacked(untrained(point, self.parts.recipe["target"]["width"]), stored), stored["epsilon"]

    def attack(self, point: Point, loss: str) -> dict[str, np.ndarray]:
        """All candidates at the end: targets, selected, scores of shape (m,), codes, and medians of gradient norms."""
        parts = self.parts.with_loss(None if loss == "poincare" else loss)
        if point.smoothing is not None:
            own: dict[str, Any] = {"smoothing": point.smoothing, "per_class": point.per_class, "seed": point.seed}
            found = parts.attack(point.people, **own)
            kept = {name: found[name] for name in ("targets", "selected", "scores", "norms")}
            return kept | {"codes": found["film"][-1]}

        def make(checkpoint: Path) -> dict[str, Any]:
            found = attack(
                self.target(point)[0].model,
                parts.prior,
                range(len(point.people.class_names)),
                parts.recipe["attack"],
                size=parts.recipe["people"]["size"],
                seed=point.seed,
                progress=parts.progress,
            )
            norms = found.trace.gradient_norms.median(dim=1).values
            arrays = {name: getattr(found, name) for name in ("targets", "selected", "scores", "codes")}
            return arrays | {"norms": norms}

        stored = parts.store.get("defended_attack", self._attack_settings(point, loss), make, version=VERSION)
        return {name: np.asarray(value) for name, value in stored.items()}

    def judged(self, point: Point, loss: str) -> dict[str, np.ndarray]:
        """What the judges say of what is handed in, a number for each: targets, rank, embedder_rank, distance.

        More: threshold, genuine and named, the judges' own, single numbers; norms as from `attack`.
        """
        found = self.attack(point, loss)

        def make(checkpoint: Path) -> dict[str, Any]:
            judges = self.parts.judges(point.people, point.seed)
            picked = found["selected"].astype(bool)
            images = synthesise(self.parts.prior, torch.from_numpy(found["codes"])[picked])
            targets = found["targets"][picked]
            said = judge(images, targets, picked[picked], point.people, judges, per_class=point.per_class)
            arrays = {name: getattr(said, name) for name in ("targets", "rank", "embedder_rank", "distance")}
            return arrays | {name: getattr(judges, name) for name in ("threshold", "genuine", "named")}

        settings = self._attack_settings(point, loss) | {"evaluator": self.parts.evaluator_settings(point.seed)}
        stored = self.parts.store.get("defended_judged", settings, make, version=VERSION)
        return {name: np.asarray(value) for name, value in stored.items()} | {"norms": found["norms"]}

    def _target_settings(self, point: Point) -> dict[str, Any]:
        own = self.parts.target_settings(0.0, point.per_class, point.seed)
        return own | {"defence": [point.defence, point.strength]}

    def _attack_settings(self, point: Point, loss: str) -> dict[str, Any]:
        attacked = self.parts.with_loss(None if loss == "poincare" else loss).attack_settings(
            point.per_class, point.seed, {"smoothing": 0.0}
        )
        return attacked | {"target": self._target_settings(point)}


def untrained(point: Point, width: int, trunk: dict[str, Tensor] | None = None) -> Classifier:
    """A fresh target in the form that the defence trains, after `transplant` of the trunk."""
    model = KINDS["target"](point.people.images.shape[1], len(point.people.class_names), seed=point.seed, width=width)
    if trunk is not None:
        transplant(model, trunk)
    wrap = point.recipe.wrap
    return wrap(model, point.seed) if wrap else model


def fit_defended(
    point: Point,
    settings: dict[str, Any],
    *,
    trunk: dict[str, Tensor] | None = None,
    checkpoint: Path | None = None,
    progress: bool = True,
) -> Defended:
    """Train a target with its defence, from the trunk of public people; `settings` as of any target."""
    people = point.people
    training = people.target_training(point.per_class)
    return replace(point.recipe, wrap=None).fit(
        untrained(point, settings["width"], trunk),
        people.floats(training),
        people.labels[training],
        seed=point.seed,
        augment=usual_augmentation(people.images.shape[1]),
        epochs=settings["epochs"],
        batch_size=settings["batch_size"],
        learning_rate=settings["learning_rate"],
        checkpoint=checkpoint,
        progress=progress,
    )
