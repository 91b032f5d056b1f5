"""Claims S14 and S18: what each defence costs in accuracy, and what it spares in leakage.

Every point is a defence with a strength, trained with several seeds; the same people, prior and attack for all. Each is
attacked with two losses, Poincare and the margin, because a defence that only saturates the first protects nobody: its
leakage is that under the loss that brings back more.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from mia_kit.experiments.defence_claims import claims
from mia_kit.experiments.defended_parts import NONE, DefendedParts, Point
from mia_kit.experiments.face_parts import Parts
from mia_kit.experiments.priors import inputs as inputs
from mia_kit.experiments.store import Store
from mia_kit.metrics import cluster_interval

VERSION = 1
LOSSES = ("poincare", "margin")


def run(recipe: dict[str, Any], progress: bool = True, store: Store | None = None) -> dict[str, Any]:
    """Measure every point of the recipe's `defences`, strengths by name, and no defence; return points and verdicts."""
    parts = DefendedParts(Parts(recipe, store or Store(), progress))
    people = [parts.parts.people(seed) for seed in range(recipe["seeds"])]
    points = []
    for defence, strengths in {NONE: [0.0], **recipe["defences"]}.items():
        for strength in strengths:
            seeds = [Point(own, defence, strength, recipe["per_class"], seed) for seed, own in enumerate(people)]
            points.append(summarised(parts, seeds))
    return {
        "people": len(people[0].class_names),
        "evaluator_accuracy": [parts.parts.evaluator(own, seed).accuracy for seed, own in enumerate(people)],
        "points": points,
        "claims": claims(points, recipe),
    }


def summarised(parts: DefendedParts, seeds: list[Point]) -> dict[str, Any]:
    """One point: utility by seed, and for each loss the shares of people that pass, with intervals over people.

    `by_person` holds for each person the number of seeds in which it passes, `by_seed` the share of each seed.
    """
    targets = [parts.target(point) for point in seeds]
    found: dict[str, Any] = {"defence": seeds[0].defence, "strength": seeds[0].strength}
    for name in ("accuracy", "training_accuracy", "calibration_error", "confidence"):
        found[name] = [round(getattr(fitted, name), 4) for fitted, _ in targets]
    found["epsilon"] = targets[0][1]
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
