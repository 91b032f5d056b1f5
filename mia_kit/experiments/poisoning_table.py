"""Claims P1 to P13: what a defence of the served confidences costs, and what it keeps from an inversion model.

Zhou et al., "Defending Against Neural Network Model Inversion Attacks via Data Poisoning", tables 1 to 10.
Every row of the recipe is a service, a defence and an attacker, measured with several seeds; within a seed all rows
have the same pictures, so that rows are compared picture by picture. What differs from the paper stands in the recipe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from mia_kit.experiments.poisoning_parts import PoisonParts
from mia_kit.experiments.poisoning_rows import PLAIN, Setup, read_rows
from mia_kit.metrics import Interval, mean_interval
from mia_kit.metrics.separability import separability
from mia_kit.models.batches import in_batches
from mia_kit.runs.store import Store

VERSION = 1
ERROR_UNIT = 1000  # errors are kept as whole thousandths


def run(recipe: dict[str, Any], progress: bool = True, store: Store | None = None) -> dict[str, Any]:
    """Measure every row of the recipe and return the rows."""
    parts, rows = PoisonParts(recipe, store or Store(), progress), read_rows(recipe)
    seeds = range(recipe["seeds"])
    results: dict[str, Any] = {
        "classes": len(parts.sides(0).class_names),
        "evaluator_accuracy": [_evaluator_accuracy(parts, seed) for seed in seeds],
        "inference_milliseconds": [round(1000 * parts.inference_seconds(seed), 4) for seed in seeds],
        "rows": [{"name": name, **asdict(own), **measured(parts, own, seeds)} for name, own in rows.items()],
    }
    return results


def measured(parts: PoisonParts, setup: Setup, seeds: Sequence[int]) -> dict[str, Any]:
    """One row: utility, privacy, time, and for a defended service whether a detector notices.

    accuracy : of the served labels on test pictures, by seed
    accuracy_loss : against the same service without defence, by seed
    distortion : distance of served vectors from undefended ones, over test pictures
    attack : share of reconstructions that the evaluator takes for the private class, over private pictures
    error : mean squared error of the reconstructions, over private pictures
    hits, errors : the same picture by picture, a text for each seed: a digit each; thousandths, parted by blanks
    milliseconds, training_seconds : of a served answer, inference included, and of a defence that is trained, by seed
    detector : area under the detector's curve, by seed; none without a defence or with an attack that adapts
    """
    found = [_one(parts, setup, seed) for seed in seeds]
    table = {name: [own[name] for own in found] for name in found[0]}
    spread: dict[str, Any] = {name: _over_pictures(table.pop(name)) for name in ("distortion", "attack", "error")}
    spread |= {name: _rounded(table[name]) for name in ("accuracy", "accuracy_loss", "milliseconds")}
    more = {"detector": table["detector"]} if None not in table["detector"] else {}
    return spread | {name: table[name] for name in ("training_seconds", "hits", "errors")} | more


def _one(parts: PoisonParts, setup: Setup, seed: int) -> dict[str, Any]:
    """One row with one seed; distortion, attack and error picture by picture."""
    served, attacked = parts.served(setup, seed), parts.attacked(setup, seed)
    clean = parts.served(undefended(setup, parts.recipe), seed)
    labels = parts.sides(seed).test_labels.numpy()
    right, was_right = (own["test"].argmax(axis=1) == labels for own in (served, clean))
    return {
        "accuracy": right.mean(),
        "accuracy_loss": was_right.mean() - right.mean(),
        "distortion": np.linalg.norm(served["test"].astype(float) - clean["test"], axis=1),
        "attack": attacked["hits"].astype(float),
        "error": attacked["errors"],
        "milliseconds": 1000 * float(served["answer_seconds"]),
        "training_seconds": round(float(served["training_seconds"]), 1),
        "hits": "".join(str(int(hit)) for hit in attacked["hits"]),
        "errors": " ".join(str(round(ERROR_UNIT * error)) for error in attacked["errors"]),
        "detector": _detected(setup, clean["public"], served["public"], seed),
    }


def undefended(setup: Setup, recipe: dict[str, Any]) -> Setup:
    """The same service without its defence: MID's is the plain classifier."""
    classifier = PLAIN if "mid" in recipe["classifiers"][setup.classifier] else setup.classifier
    return Setup(classifier=classifier, half=setup.half)


def _detected(setup: Setup, clean: np.ndarray, served: np.ndarray, seed: int) -> float | None:
    if setup.defence == "none" or setup.adaptation != "none" or setup.repeats > 1:
        return None
    return round(separability(clean, served, seed=seed).value, 4)


def _over_pictures(seeds: list[np.ndarray]) -> dict[str, Any]:
    """Mean over the pictures of all seeds with its interval, and each seed's own."""
    interval: Interval = mean_interval(np.concatenate(seeds))
    own = {name: round(value, 6) for name, value in asdict(interval).items()}
    return own | {"by_seed": _rounded([one.mean() for one in seeds])}


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(float(value), 6) for value in values]


def _evaluator_accuracy(parts: PoisonParts, seed: int) -> float:
    sides = parts.sides(seed)
    named = in_batches(parts.evaluator(seed), sides.test).argmax(dim=1)
    return round(float((named == sides.test_labels).float().mean()), 4)
