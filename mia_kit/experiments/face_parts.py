"""The parts of a face experiment, each kept in the store: public trunk, evaluator, target, attack, what judges say.

A part is named by all that shapes it, so that two recipes which share a target train it once, and a run that is killed
loses at most the part at work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mia_kit.attacks import Reconstructions
from mia_kit.attacks.prior_to_target import synthesise
from mia_kit.experiments.face_attack import Judges, appoint, attack, judge
from mia_kit.experiments.face_people import People, load_people
from mia_kit.experiments.face_targets import KINDS, Fitted, fit_evaluator, fit_target, pretrain
from mia_kit.experiments.priors import build
from mia_kit.models import Classifier, FaceEmbedder, Prior, embed, load_embedder
from mia_kit.models.style_prior import weights_digest
from mia_kit.runs.store import Store

# Raise it when a part's code gives other results.
VERSION = 1


@dataclass(frozen=True)
class Parts:
    """The parts that a recipe needs, made when they are asked for.

    recipe : has people, pretraining, target, evaluator, attack and prior; evaluator_from, the place in the order of a
        person's photographs from which they are the evaluator's, is the people's pool by default. No target of the
        recipe may train on a photograph from there on
    """

    recipe: dict[str, Any]
    store: Store
    progress: bool = True
    # Shared with the parts of other attacks on the same people: judges do not depend on the attack.
    _appointed: dict[int, Judges] = field(default_factory=dict, repr=False)
    _people: dict[int, People] = field(default_factory=dict, repr=False)

    @cached_property
    def prior(self) -> Prior:
        return build(self.recipe["prior"])

    @cached_property
    def embedder(self) -> FaceEmbedder:
        return load_embedder()

    def people(self, seed: int) -> People:
        """The people of a seed's split, read once."""
        if seed not in self._people:
            self._people[seed] = load_people(seed=seed, **self.recipe["people"])
        return self._people[seed]

    def trunk(self, kind: str) -> dict[str, Tensor] | None:
        """The pretrained weights of a target or evaluator; None if the recipe pretrains none."""
        settings = self.recipe["pretraining"].get(kind)
        if settings is None:
            return None
        size = self.recipe["people"]["size"]
        return self.store.get(
            "face_trunk",
            {"kind": kind, "size": size, **settings},
            lambda checkpoint: pretrain(kind, settings, size=size, checkpoint=checkpoint, progress=self.progress),
            version=VERSION,
        )

    def for_evaluator(self, people: People) -> People:
        """The same people, of whom the evaluator is given all photographs from the place `evaluator_from` on."""
        return replace(people, pool=self.recipe.get("evaluator_from", people.pool))

    def evaluator(self, people: People, seed: int) -> Fitted:
        """The evaluator of a seed's split."""
        settings, people = self.evaluator_settings(seed), self.for_evaluator(people)

        def make(checkpoint: Path) -> dict[str, Any]:
            trunk = self.trunk("evaluator")
            own = self.recipe["evaluator"]
            return packed(
                fit_evaluator(people, own, seed=seed, trunk=trunk, checkpoint=checkpoint, progress=self.progress)
            )

        stored = self.store.get("face_evaluator", settings, make, version=VERSION)
        return unpacked(_untrained("evaluator", people, settings), stored)

    def target(self, people: People, *, smoothing: float, per_class: int, seed: int) -> Fitted:
        """The target of a seed, a factor and a number of photographs of each person."""
        settings = self.target_settings(smoothing, per_class, seed)

        def make(checkpoint: Path) -> dict[str, Any]:
            chosen: dict[str, Any] = {"smoothing": smoothing, "per_class": per_class, "seed": seed}
            trunk = self.trunk("target")
            own = self.recipe["target"]
            return packed(fit_target(people, own, trunk=trunk, checkpoint=checkpoint, progress=self.progress, **chosen))

        stored = self.store.get("face_target", settings, make, version=VERSION)
        return unpacked(_untrained("target", people, settings), stored)

    def judges(self, people: People, seed: int) -> Judges:
        """The evaluator and the face embedder, appointed once; a grey picture is shown to all three of its colours."""
        if seed not in self._appointed:
            self._appointed[seed] = appoint(
                self.for_evaluator(people),
                self.evaluator(people, seed).model,
                lambda images: embed(self.embedder, images.expand(-1, 3, -1, -1)),
            )
        return self._appointed[seed]

    def with_loss(self, loss: str | None) -> Parts:
        """The parts whose attack has this loss; None leaves the recipe's attack exactly as it is."""
        return self if loss is None else self.with_attack({"loss": loss})

    def with_attack(self, changes: Mapping[str, Any]) -> Parts:
        """The parts whose attack differs from the recipe's in these settings."""
        return replace(self, recipe=self.recipe | {"attack": self.recipe["attack"] | dict(changes)})

    def attack(
        self,
        people: People,
        *,
        smoothing: float,
        per_class: int,
        seed: int,
        sampling: float | None = None,
        selection: float | None = None,
    ) -> dict[str, np.ndarray]:
        """All candidates after each number of steps, and how the gradients went.

        `sampling` and `selection` are the factors of other targets for these stages; the same target's by default.

        Arrays: targets, selected and scores of shape (m,); film, the codes after each number of steps, of shape
        (film, m, d); cosines and norms, medians over candidates, of shape (steps,).
        """
        models = {"smoothing": smoothing, "sampling": sampling, "selection": selection}

        def model(factor: float) -> Classifier:
            return self.target(people, smoothing=factor, per_class=per_class, seed=seed).model

        def make(checkpoint: Path) -> dict[str, Any]:
            others: dict[str, Any] = {stage: model(factor) for stage, factor in _others(models).items()}
            found = attack(
                model(smoothing),
                self.prior,
                range(len(people.class_names)),
                self.recipe["attack"],
                size=self.recipe["people"]["size"],
                seed=seed,
                progress=self.progress,
                **others,
            )
            return {
                **course(found),
                "film": found.film,
            }

        settings = self.attack_settings(per_class, seed, models)
        stored = self.store.get("face_attack", settings, make, version=VERSION)
        return {name: np.asarray(value) for name, value in stored.items()}

    def judged(self, people: People, *, per_class: int, seed: int, **models: float) -> dict[str, np.ndarray]:
        """`attack` with the same arguments, and what the judges say of it.

        More arrays: rank, embedder_rank, distance and nearest of shape (film, m); threshold, genuine and named, the
        judges' own, single numbers.
        """
        found = self.attack(people, per_class=per_class, seed=seed, **models)

        def make(checkpoint: Path) -> dict[str, Any]:
            judges = self.judges(people, seed)
            codes = torch.from_numpy(found["film"])  # (film, m, d)
            targets, selected = (np.tile(found[name], len(codes)) for name in ("targets", "selected"))
            images = synthesise(self.prior, codes.flatten(0, 1))
            measures = judge(images, targets, selected, people, judges, per_class=per_class)
            names = ("rank", "embedder_rank", "distance", "nearest")
            stacked = {name: getattr(measures, name).reshape(codes.shape[:2]) for name in names}
            return stacked | {name: getattr(judges, name) for name in ("threshold", "genuine", "named")}

        settings = self.attack_settings(per_class, seed, models) | {"evaluator": self.evaluator_settings(seed)}
        stored = self.store.get("face_judged", settings, make, version=VERSION)
        return found | {name: np.asarray(value) for name, value in stored.items()}

    def attack_settings(self, per_class: int, seed: int, models: Mapping[str, float | None]) -> dict[str, Any]:
        smoothing, others = models["smoothing"], _others(models)
        assert smoothing is not None
        return {
            "target": self.target_settings(smoothing, per_class, seed),
            "attack": self.recipe["attack"],
            "prior": [self.recipe["prior"], weights_digest()],
        } | ({"stages": others} if others else {})

    def evaluator_settings(self, seed: int) -> dict[str, Any]:
        own = self._settings("evaluator", seed)
        return own | {name: self.recipe[name] for name in ("evaluator_from",) if name in self.recipe}

    def _settings(self, kind: str, seed: int) -> dict[str, Any]:
        own = {name: self.recipe[name] for name in ("people", kind)}
        return own | {"pretraining": self.recipe["pretraining"].get(kind), "seed": seed}

    def target_settings(self, smoothing: float, per_class: int, seed: int) -> dict[str, Any]:
        first = self.recipe.get("evaluator_from", per_class)
        if per_class > first:
            raise ValueError(f"per_class must be at most {first}, where the evaluator's begin, got {per_class} instead")
        return self._settings("target", seed) | {"smoothing": smoothing, "per_class": per_class}


def _others(models: Mapping[str, float | None]) -> dict[str, float]:
    """The stages that are done with another target than the optimisation, and its factor."""
    return {
        stage: factor
        for stage, factor in models.items()
        if stage != "smoothing" and factor is not None and factor != models["smoothing"]
    }


def course(found: Reconstructions) -> dict[str, Tensor]:
    """What the store keeps of every attack: whom it looked for, what it selected, and the medians of its gradients."""
    return {
        "targets": found.targets,
        "selected": found.selected,
        "scores": found.scores,
        "cosines": found.trace.gradient_cosines.median(dim=1).values,
        "norms": found.trace.gradient_norms.median(dim=1).values,
    }


def per_person(values: np.ndarray, people: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Mean of the chosen values of each person: shape (people,)."""
    return np.array([values[chosen & (people == person)].mean() for person in np.unique(people)])


NUMBERS = ("accuracy", "training_accuracy", "calibration_error", "confidence")


def packed(fitted: Fitted) -> dict[str, Any]:
    """A trained classifier and its numbers, for the store."""
    weights = {f"weights.{name}": weight for name, weight in fitted.model.state_dict().items()}
    return weights | {name: getattr(fitted, name) for name in NUMBERS}


def unpacked(model: Classifier, stored: dict[str, Any]) -> Fitted:
    """The stored weights in a fresh model of their kind, in evaluation mode."""
    weights = {name.removeprefix("weights."): torch.as_tensor(w) for name, w in stored.items() if "weights." in name}
    model.load_state_dict(weights)
    return Fitted(model.eval(), **{name: stored[name] for name in NUMBERS})


def _untrained(kind: str, people: People, settings: dict[str, Any]) -> Classifier:
    return KINDS[kind](people.images.shape[1], len(people.class_names), seed=0, width=settings[kind]["width"])
