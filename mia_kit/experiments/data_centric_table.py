"""Claims D1 to D7: what contributors who protect their own classes change, for the trainer and for the attacker.

A target is a defence and a seed. Each is attacked for its protected classes alone, with every attack that the recipe
gives its defence; the judges look at one picture of each class. Distances to the protected person and to the surrogate
are those of the second judge, to pictures that no target saw.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from mia_kit.experiments.data_centric_parts import Cell, DataCentricParts, Spec
from mia_kit.experiments.data_centric_signs import SignParts
from mia_kit.experiments.face_parts import Parts
from mia_kit.experiments.priors import inputs as inputs
from mia_kit.metrics import identity_shares
from mia_kit.runs.store import Store

VERSION = 1
SIGNS = "gtsrb"


def run(recipe: dict[str, Any], progress: bool = True, store: Store | None = None) -> dict[str, Any]:
    """Measure every defence, attack and seed of the recipe; return rows with the verdicts they are enough for.

    A defence's `attacks` name those that it is attacked with, all by default; one that is `noticed`, true or false, is
    shown to the trainer's detector. Raises DataError if a data set or the
    face embedder's weights are absent.
    """
    kind = SignParts if recipe["people"]["name"] == SIGNS else DataCentricParts
    parts = kind(Parts(recipe, store or Store(), progress))
    results: dict[str, Any] = {"seeds": [], "targets": [], "rows": []}
    for seed in range(recipe["seeds"]):
        case = parts.case(seed)
        names = case.people.class_names
        results["seeds"].append(
            {
                "classes": len(names),
                "surrogates": {names[own]: case.surrogates[own] for own in case.protected},
                "evaluator_accuracy": parts.parts.evaluator(case.people, seed).accuracy,
            }
        )
        for defence in recipe["defences"]:
            cell = Cell(case, defence, recipe["per_class"], seed)
            results["targets"].append(measured_target(parts, cell))
            chosen = defence.get("attacks", [spec["name"] for spec in recipe["attacks"]])
            results["rows"] += [measured_attack(parts, cell, one) for one in recipe["attacks"] if one["name"] in chosen]
    return results


def measured_target(parts: DataCentricParts, cell: Cell) -> dict[str, Any]:
    """A target: accuracies, medians of the loss and its curvature at pictures of both, and what a trainer notices."""
    fitted, epsilon = parts.target(cell)
    row: dict[str, Any] = {"defence": cell.defence["name"], "seed": cell.seed, "epsilon": epsilon}
    row |= {name: round(value, 4) for name, value in parts.accuracies(cell).items()}
    row["training_accuracy"] = round(fitted.training_accuracy, 4)
    row |= {name: round(float(np.median(values)), 4) for name, values in parts.landscape(cell).items()}
    if cell.defence.get("noticed"):
        row["noticed"] = parts.noticed(cell)
    return row


def measured_attack(parts: DataCentricParts, cell: Cell, spec: Spec) -> dict[str, Any]:
    """An attack on a target: what the judges say, a digit for each protected class in `hits`, "1" for yes."""
    judged = parts.judged(cell, spec)
    threshold, targets = float(judged["threshold"]), np.array(cell.case.protected)
    shares = identity_shares(judged["to_person"], judged["to_surrogate"], targets, threshold=threshold)
    passed = {
        "acc1": judged["rank"] == 1,
        "acc5": judged["rank"] <= 5,
        "person": judged["to_person"] < threshold,
        "surrogate": judged["to_surrogate"] < threshold,
        "nearer_surrogate": judged["to_surrogate"] < judged["to_person"],
    }
    return {
        "defence": cell.defence["name"],
        "attack": spec["name"],
        "seed": cell.seed,
        "hits": {name: "".join("01"[int(one)] for one in own) for name, own in passed.items()},
        "shares": asdict(shares),
        "to_person": round(float(judged["to_person"].mean()), 4),
        "to_surrogate": round(float(judged["to_surrogate"].mean()), 4),
        "judges": {name: float(judged[name]) for name in ("threshold", "genuine")},
    }
