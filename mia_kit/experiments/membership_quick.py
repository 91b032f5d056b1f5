"""Chapter 11 live: small targets on 5,000 digits, with smoothing factors, mechanisms and pairs of them.

The parts and the rows are those of the course experiment, `membership_table`, at a size of seconds: two models of each
mechanism, twins that share no picture. Six models would be needed for shadow models of each, so that the likelihood
ratio is shown on one target without a mechanism, whose shadow models are trained together.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm.auto import tqdm

from mia_kit.access import WhiteBox
from mia_kit.experiments.membership_parts import Mechanism, MembershipParts, mechanism_name
from mia_kit.experiments.membership_rows import FAILS, SEPARATES, values
from mia_kit.experiments.membership_table import DISTANCES, measure, shown_curves
from mia_kit.membership import fit_shadows, half_memberships, lira, losses_and_confidences, shadow_signals
from mia_kit.metrics import roc
from mia_kit.models import SmallClassifier
from mia_kit.runs.store import Store
from mia_kit.training import fit, one_thread

RECIPE: dict[str, Any] = {
    "data": {"name": "mnist5k", "per_class": 20, "seed": 0},
    "model": {"blocks": 3, "width": 8, "hidden": 64},
    "training": {"epochs": 20, "batch_size": 32, "learning_rate": 0.001},
    "models": 2,
    "known": 50,
    "copies": 4,
    "distance": {"images": 100, "steps": 20, "longest_step": 1.0, "confidences": [0.99]},
}
FACTORS = (-0.05, 0.0, 0.05, 0.2, 0.5)
CHOICES: dict[str, tuple[str, float]] = {
    "shift and mirror": ("crop_and_flip", 3),
    "early stopping": ("early_stopping", 0.8),
    "smoothing +0.2": ("positive_smoothing", 0.2),
}
SHADOWS = 16
RESAMPLES = 200


@dataclass(frozen=True)
class Reading:
    """What the attacks say of one mechanism, means over its models.

    average, powerful : advantages, in [-1, 1]; 0 is guessing
    distance : area under the curve of distance-to-confident, in [0, 1]; 0.5 is guessing
    accuracy : on non-members
    """

    average: float
    powerful: float
    distance: float
    accuracy: float

    @property
    def words(self) -> str:
        """Who says that the members are safe."""
        leaks = [name for name in ("average", "powerful") if getattr(self, name) >= FAILS]
        if not leaks:
            return (
                f"Both attacks say safe, {'the distance does not' if self.separates else 'and so does the distance'}."
            )
        said = "Both attacks tell members apart" if len(leaks) == 2 else f"The {leaks[0]} attack tells members apart"
        return f"{said}, {'and so does the distance' if self.separates else 'the distance does not'}."

    @property
    def separates(self) -> bool:
        """Whether the distance tells members from non-members better than an attack that counts as failed would."""
        return self.distance > SEPARATES


@dataclass(frozen=True)
class Live:
    """What was measured just now: rows as of `membership_table`, and shares of pictures within each of `distances`.

    `within` holds by mechanism those of "members" and of "non-members".
    """

    rows: list[dict[str, Any]]
    within: dict[str, dict[str, list[float]]]
    distances: list[float]


def by_factor(factors: Sequence[float] = FACTORS, *, recipe: Mapping[str, Any] = RECIPE) -> Live:
    """Two models for each smoothing factor."""
    return live([_smoothing(factor) for factor in factors], recipe=recipe)


def by_mechanism(choices: Mapping[str, tuple[str, float]] = CHOICES, *, recipe: Mapping[str, Any] = RECIPE) -> Live:
    """Two models without a mechanism, with each of `choices`, and with each two of them."""
    alone: list[Mechanism] = [(own,) for own in choices.values()]
    return live([(), *alone, *combinations(choices.values(), 2)], recipe=recipe)


def live(mechanisms: Sequence[Mechanism], *, recipe: Mapping[str, Any] = RECIPE) -> Live:
    """Train and attack models of these mechanisms; nothing is kept for another call."""
    with tempfile.TemporaryDirectory() as folder:
        parts = MembershipParts(dict(recipe), Store(Path(folder)), progress=False)
        cells = [(mechanism, model) for mechanism in mechanisms for model in range(recipe["models"])]
        rows = [measure(parts, *cell) for cell in tqdm(cells, desc="models", unit="model")]
        within = {mechanism_name(own): shown_curves(parts, own)["within"] for own in mechanisms}
    return Live(rows, within, DISTANCES.tolist())


def reading(found: Sequence[Mapping[str, Any]], mechanism: str) -> Reading:
    """What the rows say of a mechanism by name. ValueError if there is no row of it."""
    average, powerful = (float(values(found, mechanism, "advantage", own).mean()) for own in ("average", "powerful"))
    distance = float(values(found, mechanism, "auc", "distance").mean())
    return Reading(average, powerful, distance, float(values(found, mechanism, "accuracy").mean()))


def readings_by_factor(found: Sequence[Mapping[str, Any]]) -> dict[float, Reading]:
    """The reading of each smoothing factor, ascending."""
    names = {row["smoothing"]: row["mechanism"] for row in found if row["smoothing"] is not None}
    return {factor: reading(found, names[factor]) for factor in sorted(names)}


def readings_by_choice(
    found: Sequence[Mapping[str, Any]], choices: Mapping[str, tuple[str, float]] = CHOICES
) -> dict[frozenset[str], Reading]:
    """The reading of each set of none, one or two of `choices`."""
    sets = [(), *((name,) for name in choices), *combinations(choices, 2)]
    return {frozenset(own): reading(found, mechanism_name(tuple(choices[name] for name in own))) for own in sets}


@dataclass(frozen=True, eq=False)
class Ratio:
    """The likelihood ratio live: scores of members and of non-members, by attack, of shape (2, n / 2).

    `scaled` are confidences on the logit scale of the target, of shape (n,); `shadow_scaled` and `shadow_members` those
    of the shadow models and what they have seen, of shape (shadows, n). The first half of the n are members.
    """

    scores: dict[str, np.ndarray]
    scaled: np.ndarray
    shadow_scaled: np.ndarray
    shadow_members: np.ndarray


def likelihood_ratio(*, shadows: int = SHADOWS, recipe: Mapping[str, Any] = RECIPE, progress: bool = True) -> Ratio:
    """Attack one target by its losses, and with shadow models that are trained all at once."""
    with tempfile.TemporaryDirectory() as folder:
        parts = MembershipParts(dict(recipe), Store(Path(folder)), progress=False)
    split = parts.split(0)
    order = torch.from_numpy(np.concatenate([split.members, split.non_members]))
    images, labels, half = parts.images[order], parts.labels[order], len(split.members)
    seen = half_memberships(len(order), shadows, seed=1)
    own: dict[str, Any] = {**recipe["training"], "progress": progress}
    target = SmallClassifier(images.shape[1], len(parts.pool.class_names), seed=0)
    with one_thread():
        fit(target, images[:half], labels[:half], seed=0, **own)
        models = fit_shadows(images, labels, seen, seed=100, classes=len(parts.pool.class_names), **own)
        losses, scaled = losses_and_confidences(WhiteBox(target), images, labels)
        shadow_scaled = shadow_signals(models, images, labels)[1]
    ratio = lira.online(scaled, shadow_scaled, seen).scores
    scores = {"loss": -losses.reshape(2, -1), "likelihood ratio": ratio.reshape(2, -1)}
    return Ratio(scores, scaled, shadow_scaled, seen)


def curve_of(
    members: np.ndarray, non_members: np.ndarray, *, seed: int = 0
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The curve of one target's scores and its false positives, for `roc_curves` of `mia_kit.figures.membership`.

    `low` and `high` are the ends of a 95 % bootstrap over the pictures.
    """
    rates = np.geomspace(1 / len(non_members), 1, 20)
    random = np.random.default_rng(seed)
    drawn = [
        roc(random.choice(members, len(members)), random.choice(non_members, len(non_members))).at(rates)
        for _ in range(RESAMPLES)
    ]
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return {"value": roc(members, non_members).at(rates), "low": low, "high": high}, rates


def _smoothing(factor: float) -> Mechanism:
    if not factor:
        return ()
    return (("positive_smoothing" if factor > 0 else "negative_smoothing", abs(factor)),)
