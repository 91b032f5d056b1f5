"""Claims S14 and S18: what each defence costs in accuracy, and what it spares in leakage.

Every point is a defence with a strength, trained with several seeds; the same people, prior and attack for all. Each is
attacked with two losses, Poincare and the margin, because a defence that only saturates the first protects nobody: its
leakage is that under the loss that brings back more.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from mia_kit.experiments.cluster import Task
from mia_kit.experiments.defence_claims import claims
from mia_kit.experiments.defended_parts import NONE, DefendedParts, Point
from mia_kit.experiments.face_parts import Parts
from mia_kit.experiments.face_plan import classifiers, parts_and_people, task
from mia_kit.experiments.priors import inputs as inputs
from mia_kit.metrics import cluster_interval
from mia_kit.runs.store import Store

VERSION = 1
LOSSES = ("poincare", "margin")


def run(recipe: dict[str, Any], progress: bool = True, store: Store | None = None) -> dict[str, Any]:
    """Measure every point of the recipe's `defences`, strengths by name, and no defence; return points and verdicts."""
    parts = DefendedParts(Parts(recipe, store or Store(), progress))
    people = [parts.parts.people(seed) for seed in range(recipe["seeds"])]
    points = []
    for defence, strengths in _table(recipe).items():
        for strength in strengths:
            seeds = [Point(own, defence, strength, recipe["per_class"], seed) for seed, own in enumerate(people)]
            points.append(summarised(parts, seeds))
    return {
        "people": len(people[0].class_names),
        "evaluator_accuracy": [parts.parts.evaluator(own, seed).accuracy for seed, own in enumerate(people)],
        "points": points,
        "claims": claims(points, recipe),
    }


def plan(recipe: dict[str, Any]) -> list[list[Task]]:
    """What workers can make beside each other: the classifiers without a defence, then each point of each seed."""
    seeds = range(recipe["seeds"])
    hard = [{"smoothing": 0.0, "per_class": recipe["per_class"], "seed": seed} for seed in seeds]
    points = [(name, strength) for name, strengths in _table(recipe).items() for strength in strengths]
    chosen = [{"defence": name, "strength": strength, "seed": seed} for name, strength in points for seed in seeds]
    return [*classifiers(recipe, hard), [task(recipe, __name__, "make_point", **own) for own in chosen]]


def make_point(store: Store, recipe: dict[str, Any], defence: str, strength: float, seed: int) -> None:
    """Make a target with its defence, both attacks on it and what the judges say of them."""
    plain, people = parts_and_people(store, recipe, seed)
    parts, point = DefendedParts(plain), Point(people, defence, strength, recipe["per_class"], seed)
    for loss in LOSSES:
        parts.judged(point, loss)


def _table(recipe: dict[str, Any]) -> dict[str, list[float]]:
    """Strengths by defence, no defence first."""
    return {NONE: [0.0], **recipe["defences"]}


def summarised(parts: DefendedParts, seeds: list[Point]) -> dict[str, Any]:
    """One point: utility by seed, and for each loss the shares of people that pass, with intervals over people.

    `by_person` holds for each person the number of seeds in which it passes, `by_seed` the share of each seed.
    """
    targets = [parts.target(point) for point in seeds]
    found: dict[str, Any] = {"defence": seeds[0].defence, "strength": seeds[0].strength}
    for name in ("accuracy", "training_accuracy", "calibration_error", "confidence"):
        found[name] = [round(getattr(fitted, name), 4) for fitted, _ in targets]
    found["epsilon"] = [epsilon for _, epsilon in targets]  # by seed; None but for DP-SGD
    for loss in LOSSES:
        judged = [parts.judged(point, loss) for point in seeds]
        found[loss] = {
            "acc1": _shares([own["rank"] == 1 for own in judged]),
            "named": _shares([own["embedder_rank"] == 1 for own in judged]),
            "verified": _shares([own["distance"] < own["threshold"] for own in judged]),
            "gradient_norm": [round(float(np.median(own["norms"])), 6) for own in judged],
        }
    return found


def _shares(passes: list[np.ndarray]) -> dict[str, Any]:
    """Who passes, a bool array of shape (people,) for each seed, as a share with its interval over people."""
    table = np.stack(passes, axis=1).astype(float)  # (people, seeds)
    return asdict(cluster_interval(table)) | {
        "by_seed": np.round(table.mean(axis=0), 4).tolist(),
        "by_person": table.sum(axis=1).astype(int).tolist(),
    }
