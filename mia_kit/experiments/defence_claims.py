"""Verdicts on defences, by rules that were written down before anything was measured.

Leakage of a point is Acc@1 under the loss that brings back more. A difference of leakage counts if the interval over
people leaves out 0 and every seed has the same sign, as for the other face claims. A point is useful if its accuracy is
at most ten points below that of hard labels.

S14, negative smoothing beats MID, BiDO and DP-SGD: one point dominates another if it is at least as accurate and leaks
less, in a difference that counts. A competitor is beaten if each of its useful points is dominated by a useful point of
negative smoothing; if it has none, negative smoothing must have a useful point that leaks less than hard labels.

S18, plain regularisers change leakage: each of them does, at one strength at least. It is asked at several strengths,
so that its intervals are those of 1 - 0.05 / their number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mia_kit.experiments.verdicts import counts, verdict
from mia_kit.metrics import Interval, cluster_interval

USEFUL = 0.10
COMPETITORS = ("mid", "bido", "dp_sgd")
REGULARISERS = ("weight_decay", "dropout", "augmentation", "early_stopping", "mixup")
OURS = "negative_smoothing"
MEASURE = "acc1"

Points = Sequence[dict[str, Any]]


def claims(points: Points, recipe: dict[str, Any]) -> dict[str, Any]:
    """The verdicts that the points are enough for: S14, and S18."""
    found, size = {}, recipe.get("size", "course")
    there = {point["defence"] for point in points}
    if {"none", OURS, *COMPETITORS} <= there:
        text, agrees = negative_smoothing_beats(points, recipe["seeds"])
        found["S14"] = verdict(text, agrees, size=size)
    if {"none", *REGULARISERS} <= there:
        text, agrees = regularisers_change(points, recipe["seeds"])
        found["S18"] = verdict(text, agrees, size=size)
    return found


def worst(point: dict[str, Any]) -> dict[str, Any]:
    """The point's leakage under the loss that brings back more."""
    leaks: list[dict[str, Any]] = [own[MEASURE] for own in (point["poincare"], point["margin"])]
    return max(leaks, key=lambda own: own["value"])


def difference(
    one: dict[str, Any], other: dict[str, Any], seeds: int, *, confidence: float = 0.95
) -> tuple[Interval, bool]:
    """Leakage of a point less another's, person by person, and whether it counts."""
    first, second = worst(one), worst(other)
    gaps = (np.array(first["by_person"]) - np.array(second["by_person"])) / seeds
    interval = cluster_interval(gaps, confidence=confidence)
    return interval, counts(interval, np.array(first["by_seed"]) - np.array(second["by_seed"]))


def accuracy(point: dict[str, Any]) -> float:
    """Mean over seeds."""
    return float(np.mean(point["accuracy"]))


def dominates(one: dict[str, Any], other: dict[str, Any], seeds: int) -> bool:
    """At least as accurate, and leaks less."""
    interval, counts = difference(one, other, seeds)
    return accuracy(one) >= accuracy(other) and counts and interval.value < 0


def negative_smoothing_beats(points: Points, seeds: int) -> tuple[str, bool]:
    """Words, and whether every competitor is beaten."""
    hard = _of(points, "none")[0]
    ours = [point for point in _of(points, OURS) if _useful(point, hard)]
    spares = [point for point in ours if dominates({**point, "accuracy": hard["accuracy"]}, hard, seeds)]
    words, beaten = [_listed([hard, *ours])], []
    for name in COMPETITORS:
        useful = [point for point in _of(points, name) if _useful(point, hard)]
        dominated = [any(dominates(own, point, seeds) for own in ours) for point in useful]
        beaten.append(all(dominated) if useful else bool(spares))
        what = f"{sum(dominated)} of {len(useful)} useful points dominated" if useful else "no useful point"
        words.append(f"{name}: {what}" + (f" ({_listed(useful)})" if useful else ""))
    return f"accuracy / Acc@1 under the worse loss: {'; '.join(words)}", all(beaten)


def regularisers_change(points: Points, seeds: int) -> tuple[str, bool]:
    """Words, and whether each regulariser changes leakage at one strength at least."""
    hard = _of(points, "none")[0]
    words, changes = [], []
    for name in REGULARISERS:
        own = _of(points, name)
        found = [difference(point, hard, seeds, confidence=1 - 0.05 / len(own)) for point in own]
        changes.append(any(counts for _, counts in found))
        each = ", ".join(
            f"{point['strength']:g}: {interval.value:+.3f}{'*' if counts else ''}"
            for point, (interval, counts) in zip(own, found, strict=True)
        )
        words.append(f"{name} {each}")
    return f"change of Acc@1 against no defence by strength, * counts: {'; '.join(words)}", all(changes)


def _useful(point: dict[str, Any], hard: dict[str, Any]) -> bool:
    return accuracy(point) >= accuracy(hard) - USEFUL


def _of(points: Points, defence: str) -> list[dict[str, Any]]:
    return [point for point in points if point["defence"] == defence]


def _listed(points: Points) -> str:
    return ", ".join(
        f"{point['defence']} {point['strength']:g}: {accuracy(point):.3f} / {worst(point)['value']:.3f}"
        for point in points
    )
