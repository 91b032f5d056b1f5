"""Verdicts on what the paper says about leakage, each by a rule that was written down before anything was measured.

A difference counts if the interval over people leaves out 0 and every seed has the same sign. "Reproduced" needs the
claimed direction; anything else is "not reproduced". What a defence costs is asked only of targets that have learnt.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from mia_kit.experiments.verdicts import counts, verdict
from mia_kit.metrics import Interval, cluster_interval

BESIDE = ("named_selected", "verified_selected", "distance_selected")  # what the independent judge says
STORED = 1e-4  # values by person are stored to four digits: an end of an interval nearer to 0 than this is 0
LEAST_ACCURACY = 0.5  # of hard labels, in every seed, before S13 can be reproduced


def claims(results: dict[str, Any], recipe: dict[str, Any]) -> dict[str, Any]:
    """The verdicts that the recipe's cells are enough for: more factors give S5, S9, S10, S13, S15, S22."""
    factors, numbers = recipe["smoothings"], recipe["per_class"]
    if min(factors) >= 0 or max(factors) <= 0 or 0.0 not in factors:
        return {}
    found: dict[str, Any] = {}
    negative, positive = recipe["claims_at"]
    if len(numbers) == 1:
        table = {cell["smoothing"]: cell for cell in results["cells"]}
        found |= _order("S5", "acc1_selected", table, positive, negative)
        beside = " and ".join(f"{name} {_values(name, table, positive, negative)}" for name in BESIDE)
        found["S5"]["course"] += f"; beside it, not part of the verdict: {beside}"
        found |= _order("S15", "extraction", table, positive, negative)
        found["S9"] = _by_seed("cosine of successive gradients", table, negative, "cosine", sign=-1)
        found["S10"] = _monotone(table)
        found["S13"] = _cost(table, negative)
        better = _by_seed("test accuracy", table, positive, "accuracy", sign=1)
        calibrated = _by_seed("calibration error", table, positive, "calibration_error", sign=-1)
        both = all(own["verdict"] == "reproduced" for own in (better, calibrated))
        found["S22"] = verdict(f"{better['course']}; {calibrated['course']}", both)
    else:
        least, most = min(numbers), max(numbers)
        cells = {(cell["smoothing"], cell["per_class"]): cell for cell in results["cells"]}
        found["S11"] = _advantage(cells, positive, least, most, sign=1)
        found["S12"] = _advantage(cells, negative, most, least, sign=-1)
    return found


def difference(one: dict[str, Any], other: dict[str, Any], measure: str) -> tuple[Interval, bool]:
    """Mean difference, person by person, and whether it counts: interval without 0 and one sign in all seeds."""
    gaps = np.array(one[measure]["by_person"]) - np.array(other[measure]["by_person"])
    seeds = np.array(one[measure]["by_seed"]) - np.array(other[measure]["by_seed"])
    interval = cluster_interval(gaps)
    low, high = (0.0 if abs(end) < STORED else end for end in (interval.low, interval.high))
    interval = replace(interval, low=low, high=high)
    return interval, counts(interval, seeds)


def advantage(cell: dict[str, Any], hard: dict[str, Any], measure: str = "acc1_all") -> Interval:
    """Relative change against hard labels, with a bootstrap over people; nan if hard labels leak nothing."""
    own, base = np.array(cell[measure]["by_person"]), np.array(hard[measure]["by_person"])
    draws = np.random.default_rng(0).integers(len(own), size=(10_000, len(own)))
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = own[draws].mean(axis=1) / base[draws].mean(axis=1) - 1
        low, high = np.quantile(ratios, [0.025, 0.975])
        return Interval(float(own.mean() / base.mean() - 1), float(low), float(high))


def _order(claim: str, measure: str, table: dict[float, Any], positive: float, negative: float) -> dict[str, Any]:
    up, up_counts = difference(table[positive], table[0.0], measure)
    down, down_counts = difference(table[0.0], table[negative], measure)
    values = _values(measure, table, positive, negative)
    text = f"{measure} {values}; {positive:+g} less hard {up}, hard less {negative:+g} {down}"
    return {claim: verdict(text, up_counts and down_counts and up.value > 0 and down.value > 0)}


def _values(measure: str, table: dict[float, Any], positive: float, negative: float) -> str:
    return ", ".join(f"{a:+g}: {table[a][measure]['value']:.3f}" for a in (positive, 0.0, negative))


def _by_seed(words: str, table: dict[float, Any], factor: float, name: str, *, sign: int) -> dict[str, Any]:
    """A change in one direction in every seed."""
    text, gaps = _gaps(words, table, factor, name)
    return verdict(text, bool((gaps * sign > 0).all()))


def _cost(table: dict[float, Any], factor: float) -> dict[str, Any]:
    """A loss of accuracy of at most 3.5 points on average, by targets that have learnt something."""
    text, gaps = _gaps("test accuracy", table, factor, "accuracy")
    hard = min(table[0.0]["accuracy"])
    return verdict(f"{text}; hard at least {hard:.3f}", bool(gaps.mean() >= -0.035 and hard >= LEAST_ACCURACY))


def _gaps(words: str, table: dict[float, Any], factor: float, name: str) -> tuple[str, np.ndarray]:
    """A factor's value less that of hard labels, seed by seed, and the same in words."""
    gaps = np.array(table[factor][name]) - np.array(table[0.0][name])
    seeds = ", ".join(f"{gap:+.3f}" for gap in gaps)
    return f"{words} at {factor:+g} less hard: {gaps.mean():+.3f} (seeds {seeds})", gaps


def _monotone(table: dict[float, Any]) -> dict[str, Any]:
    """Leakage rises with the factor over the whole range: rank correlation, seed by seed."""
    from scipy.stats import spearmanr

    factors = sorted(table)
    rows = np.array([table[a]["acc1_all"]["by_seed"] for a in factors])  # (factors, seeds)
    correlations = [float(spearmanr(factors, own).statistic) for own in rows.T]
    values = ", ".join(f"{a:+g}: {row.mean():.3f}" for a, row in zip(factors, rows, strict=True))
    text = f"Acc@1 {values}; rank correlation by seed {', '.join(f'{own:.2f}' for own in correlations)}"
    return verdict(text, min(correlations) > 0.8)


def _advantage(
    cells: dict[tuple[float, int], Any], factor: float, strong: int, weak: int, *, sign: int
) -> dict[str, Any]:
    """The advantage with `strong` photographs is beyond that with `weak`, with intervals apart."""
    one, other = (advantage(cells[factor, n], cells[0.0, n]) for n in (strong, weak))
    text = f"advantage of {factor:+g} with {strong} photographs {one}, with {weak} {other}"
    apart = one.low > other.high if sign > 0 else one.high < other.low
    return verdict(text, bool(apart and one.value * sign > 0))
