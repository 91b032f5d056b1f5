"""The parts of the membership experiment, each kept in the store: trained models, their answers, distances.

One pool of pictures serves all models. Models come in twins that share no picture: each split of the pool into members
and non-members trains one model on either side. So every picture is in exactly half of the models, and the other models
of the same mechanism, less a target's twin, are its shadow models: as many of them have seen a picture as have not.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mia_kit.access import WhiteBox
from mia_kit.data import ImageSet, load, near_duplicate_groups
from mia_kit.defences import DefenceTraining, combine
from mia_kit.membership import (
    MembershipSplit,
    copy_losses,
    distance,
    regularisers,
    scaled_confidences,
    split_membership,
)
from mia_kit.models import Classifier, ConvolutionalClassifier, in_batches
from mia_kit.runs.store import Store
from mia_kit.training import one_thread

# Raise it when a part's code gives other results.
VERSION = 2
NONE = "none"
SIGNS = {"positive_smoothing": 1.0, "negative_smoothing": -1.0}
# Root mean square difference of pixels in [-1, 1] below which two pictures of a class count as one.
NEAR = 0.1

Mechanism = tuple[tuple[str, float], ...]  # names and strengths: none, one or two


def mechanism_name(mechanism: Mechanism) -> str:
    """Such as "none", "dropout 0.2" or "dropout 0.2 + crop_and_flip 3"."""
    return " + ".join(f"{name} {strength:g}" for name, strength in mechanism) or NONE


def smoothing_factor(mechanism: Mechanism) -> float | None:
    """The factor, if the mechanism is smoothing alone or nothing; None for all others."""
    if not mechanism:
        return 0.0
    name, strength = mechanism[0]
    return SIGNS[name] * strength if len(mechanism) == 1 and name in SIGNS else None


def mechanisms(recipe: Mapping[str, Any]) -> list[Mechanism]:
    """No mechanism, each of the recipe's `mechanisms` at each strength, its `pairs`."""
    alone = [((name, strength),) for name, strengths in recipe["mechanisms"].items() for strength in strengths]
    return [(), *alone, *(tuple(pair.items()) for pair in recipe.get("pairs", []))]


@dataclass(frozen=True)
class MembershipParts:
    """The parts that a recipe needs, made when they are asked for.

    recipe : has data, model, training, models (a number), known, copies and distance
    """

    recipe: dict[str, Any]
    store: Store
    progress: bool = True

    @cached_property
    def pool(self) -> ImageSet:
        """As many pictures of each class, no two of them near-duplicates."""
        own = self.recipe["data"]
        return draw_pool(load(own["name"]), per_class=2 * own["per_class"], seed=own["seed"])

    @cached_property
    def images(self) -> Tensor:
        return self.pool.to_tensor()

    @cached_property
    def labels(self) -> Tensor:
        return torch.from_numpy(self.pool.labels)

    def split(self, model: int) -> MembershipSplit:
        """Members and non-members of a model; those of its twin are the other way round."""
        split = split_membership(self.pool.labels, np.arange(len(self.pool)), seed=model // 2)
        return split if model % 2 == 0 else MembershipSplit(split.non_members, split.members)

    def shadows(self, model: int) -> list[int]:
        """The models that may serve as this one's shadows: all but itself and its twin."""
        return [other for other in range(self.recipe["models"]) if other // 2 != model // 2]

    def target(self, mechanism: Mechanism, model: int) -> tuple[Classifier, dict[str, Any]]:
        """A trained model, and what is kept of its training: seconds, last loss, epsilon (None without DP-SGD)."""

        def make(checkpoint: Path) -> dict[str, Any]:
            members = torch.from_numpy(self.split(model).members)
            with one_thread():
                defended = self._recipe(mechanism, model).fit(
                    self._untrained(model),
                    self.images[members],
                    self.labels[members],
                    seed=model,
                    checkpoint=checkpoint,
                    progress=self.progress,
                    **self.recipe["training"],
                )
            about: dict[str, Any] = {"took": defended.seconds, "loss": defended.history[-1].loss}
            about["epsilon"] = defended.privacy.epsilon if defended.privacy else None
            return about | {f"weights {name}": part for name, part in defended.model.state_dict().items()}

        stored = self.store.get("membership_target", self._settings(mechanism, model), make, version=VERSION)
        trained = self._untrained(model)
        wrap = self._recipe(mechanism, model).wrap
        trained = wrap(trained, model) if wrap else trained
        weights = {name.removeprefix("weights "): part for name, part in stored.items() if name.startswith("weights ")}
        trained.load_state_dict(weights)
        return trained.eval(), {name: stored[name] for name in ("took", "loss", "epsilon")}

    def answers(self, mechanism: Mechanism, model: int) -> dict[str, np.ndarray]:
        """What a model says of the pool: logits of shape (n, classes), and `copies`, losses of shape (n, copies)."""

        def make(checkpoint: Path) -> dict[str, Any]:
            access = WhiteBox(self.target(mechanism, model)[0])
            augment = self._recipe(mechanism, model).augment
            with one_thread():
                logits = in_batches(access.logits, self.images)
                copies = copy_losses(access, self.images, self.labels, augment, copies=self.recipe["copies"])
            return {"logits": logits.numpy(), "copies": copies}

        settings = self._settings(mechanism, model) | {"copies": self.recipe["copies"]}
        stored = self.store.get("membership_answers", settings, make, version=VERSION)
        return {name: np.asarray(value) for name, value in stored.items()}

    def scaled(self, mechanism: Mechanism, model: int) -> np.ndarray:
        """A model's confidences in the pool's labels, on the logit scale: shape (n,)."""
        return scaled_confidences(torch.from_numpy(self.answers(mechanism, model)["logits"]), self.labels)

    def distances(self, mechanism: Mechanism, model: int, confidence: float) -> np.ndarray:
        """Distance-to-confident of shape (2, images): members in the first row, judged pictures alone."""

        def make(checkpoint: Path) -> dict[str, Any]:
            access, own = WhiteBox(self.target(mechanism, model)[0]), dict(self.recipe["distance"])
            count = own.pop("images")
            own.pop("confidences")
            judged = self.known_and_judged(model)[1]
            sides = torch.from_numpy(np.concatenate([judged.members[:count], judged.non_members[:count]]))
            with one_thread():
                found = distance.run(access, self.images[sides], self.labels[sides], confidence=confidence, **own)
            return {"distances": found.distances.numpy().reshape(2, -1)}

        own = {name: value for name, value in self.recipe["distance"].items() if name != "confidences"}
        settings = self._settings(mechanism, model) | {
            "distance": own | {"confidence": confidence},
            "known": self.recipe["known"],
        }
        stored = self.store.get("membership_distances", settings, make, version=VERSION)
        return np.asarray(stored["distances"])

    def known_and_judged(self, model: int) -> tuple[MembershipSplit, MembershipSplit]:
        """What the attacker of a model knows, and what it is judged on, in random order."""
        known, judged = self.split(model).known(self.recipe["known"], seed=model)
        random = np.random.default_rng(model)
        return known, MembershipSplit(random.permutation(judged.members), random.permutation(judged.non_members))

    def _recipe(self, mechanism: Mechanism, model: int) -> DefenceTraining:
        signed = [("smoothing", SIGNS[name] * own) if name in SIGNS else (name, own) for name, own in mechanism]
        parts = [regularisers.build(name, own, teacher=self._teacher(name, model)) for name, own in signed]
        return functools.reduce(combine, parts) if parts else DefenceTraining()

    def _teacher(self, name: str, model: int) -> Classifier | None:
        return self.target((), model)[0] if name == "distillation" else None

    def _untrained(self, model: int) -> Classifier:
        channels, size = self.images.shape[1:3]
        return ConvolutionalClassifier(channels, len(self.pool.class_names), size, seed=model, **self.recipe["model"])

    def _settings(self, mechanism: Mechanism, model: int) -> dict[str, Any]:
        own = {name: self.recipe[name] for name in ("data", "model", "training")}
        return own | {"mechanism": [list(part) for part in mechanism], "seed": model}


def draw_pool(images: ImageSet, *, per_class: int, seed: int) -> ImageSet:
    """`per_class` pictures of each class at random, one of each group of near-duplicates.

    Half as many again are drawn and grouped, not the whole set. Raises ValueError if a class has too few.
    """
    random, chosen = np.random.default_rng(seed), []
    for label in np.unique(images.labels):
        drawn = random.permutation(np.flatnonzero(images.labels == label))[: per_class + per_class // 2]
        pixels = images.images[drawn].reshape(len(drawn), -1) / 127.5 - 1
        groups = near_duplicate_groups(pixels, images.labels[drawn], distance=NEAR * pixels.shape[1] ** 0.5)
        single = drawn[groups == np.arange(len(drawn))]
        if len(single) < per_class:
            raise ValueError(
                f"the class {images.class_names[label]!r} must have {per_class} pictures after grouping "
                f"near-duplicates, got {len(single)} instead"
            )
        chosen.append(single[:per_class])
    return images.subset(np.concatenate(chosen))
