"""Chapter 9 live: five private digits, an attacker with the other five, and a service that poisons what it answers.

The same parts as `mia-kit run poisoning_mnist`, on 5,000 digits from a Python package, with smaller networks, fewer
pictures and one seed. The default bound is that of the course experiment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from mia_kit.data.pictures import to_bytes
from mia_kit.experiments.poisoning_parts import SHOWN, PoisonParts
from mia_kit.experiments.poisoning_rows import Setup
from mia_kit.metrics import Interval
from mia_kit.metrics.separability import separability, two_views
from mia_kit.runs.store import Store
from mia_kit.training import one_thread

RECIPE: dict[str, Any] = {
    "data": {
        "name": "mnist5k",
        "size": 28,
        "private_classes": 5,
        "training": 1200,
        "judging": 1000,
        "test": 200,
        "private": 100,
        "half": 900,
    },
    "classifiers": {"plain": {"blocks": 3, "width": 8, "hidden": 64}},
    "classifier_training": {"epochs": 6, "batch_size": 32, "learning_rate": 0.001},
    "evaluator": {"blocks": 3, "width": 8, "hidden": 64},
    "decoders": {"usual": {"blocks": 4, "width": 6}, "blocks 5": {"blocks": 5, "width": 6}},
    "decoder_training": {"epochs": 15, "batch_size": 32, "learning_rate": 0.003},
    "poison": {"rounds": 10, "rate": 0.1, "threshold": 0.9},
}
BOUNDS = (0.0, 0.0002, 0.004, 0.2)
ATTACKERS: dict[str, dict[str, Any]] = {
    "4 blocks": {},
    "5 blocks": {"attacker": "blocks 5"},
    "4 blocks, rounds first": {"adaptation": "rounding"},
}
DEFENCES: dict[str, Setup] = {
    "none": Setup(),
    "LPA": Setup(defence="lpa", bound=0.004),
    "LFP": Setup(defence="lfp", bound=0.004),
    "AdvExa": Setup(defence="advexa", bound=0.004),
    "OnePara": Setup(defence="one_parameter", strength=1.0),
    "rounding": Setup(defence="rounding", strength=2.0),
}


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one attacker makes of one defence.

    pictures : the first reconstructions, uint8 of shape (10, h, w, 3)
    hits, errors : whether the evaluator names the digit, and the mean squared error, of shape (private,)
    distortion : mean distance of served vectors from clean ones, over test pictures
    accuracy_loss : against the service without defence
    """

    pictures: np.ndarray
    hits: np.ndarray
    errors: np.ndarray
    distortion: float
    accuracy_loss: float


@dataclass(frozen=True, eq=False)
class Gallery:
    """All attacks of the chapter.

    originals : the first private pictures, uint8 of shape (10, h, w, 3)
    labels : their digits
    by_bound : an `Outcome` for each place in `bounds` and each attacker's name
    by_defence : an `Outcome` for each defence, under the first attacker
    clean, served : answers about public pictures, without defence and under LPA, of shape (n, 5)
    """

    originals: np.ndarray
    labels: tuple[int, ...]
    bounds: tuple[float, ...]
    by_bound: dict[tuple[int, str], Outcome]
    by_defence: dict[str, Outcome]
    clean: np.ndarray
    served: np.ndarray

    @property
    def attackers(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(dict.fromkeys(name for _, name in self.by_bound))


@dataclass(frozen=True, eq=False)
class Views:
    """Clean and poisoned vectors in two dimensions, of shape (2 n, 2), clean first, and the detector's area on all."""

    flat: np.ndarray
    close: np.ndarray
    detector: Interval


def fill_gallery(
    *, seed: int = 0, recipe: dict[str, Any] = RECIPE, store: Store | None = None, progress: bool = True
) -> Gallery:
    """Train target, evaluator, substitute and all attackers, and serve all vectors: about two minutes.

    What was made before is found in the store, so that a cell that was stopped goes on.
    """
    with one_thread():
        parts = PoisonParts(recipe, store or Store(), progress)
        by_bound = {
            (place, name): outcome(parts, _bounded(bound, attacker), seed)
            for place, bound in enumerate(BOUNDS)
            for name, attacker in ATTACKERS.items()
        }
        sides = parts.sides(seed)
        return Gallery(
            _shown(sides.attacked[:SHOWN]),
            tuple(sides.attacked_labels[:SHOWN].tolist()),
            BOUNDS,
            by_bound,
            {name: outcome(parts, setup, seed) for name, setup in DEFENCES.items()},
            parts.served(Setup(), seed)["public"],
            parts.served(DEFENCES["LPA"], seed)["public"],
        )


def views(gallery: Gallery, *, seed: int = 0, points: int = 150) -> Views:
    """The first `points` pictures' vectors in two dimensions, and the detector's area on all."""
    pair = (gallery.clean[:points], gallery.served[:points])
    return Views(*two_views(*pair, seed=seed), separability(gallery.clean, gallery.served, seed=seed))


def outcome(parts: PoisonParts, setup: Setup, seed: int) -> Outcome:
    """One attack on one defence."""
    attacked, served, clean = parts.attacked(setup, seed), parts.served(setup, seed), parts.served(Setup(), seed)
    labels = parts.sides(seed).test_labels.numpy()
    right, was_right = ((own["test"].argmax(axis=1) == labels).mean() for own in (served, clean))
    return Outcome(
        _colours(attacked["pictures"]),
        attacked["hits"],
        attacked["errors"],
        float(np.linalg.norm(served["test"] - clean["test"], axis=1).mean()),
        float(was_right - right),
    )


def _bounded(bound: float, attacker: dict[str, Any]) -> Setup:
    return Setup(defence="lpa", bound=bound, **attacker) if bound else Setup(**attacker)


def _shown(images: Tensor) -> np.ndarray:
    return _colours(to_bytes(images).numpy())


def _colours(pictures: np.ndarray) -> np.ndarray:
    """uint8 of shape (n, channels, h, w) as (n, h, w, 3)."""
    return np.repeat(pictures, 3 // pictures.shape[1], axis=1).transpose(0, 2, 3, 1)
