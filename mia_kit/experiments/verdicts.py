"""When a difference counts, and what a claim's verdict looks like: one rule for all claims over people and seeds."""

from __future__ import annotations

from typing import Any

import numpy as np

from mia_kit.metrics import Interval, cluster_interval

ROUNDED = 1e-12


def counts(interval: Interval, by_seed: np.ndarray) -> bool:
    """A difference counts if its interval leaves out 0 and its means by seed, of shape (seeds,), all have one sign."""
    return leaves_out_zero(interval) and bool(abs(np.sign(by_seed).sum()) == len(by_seed))


def leaves_out_zero(interval: Interval) -> bool:
    """Whether both ends lie on one side of 0. An end that only the rounding of a sum keeps from 0 is 0."""
    return bool(interval.low * interval.high > 0 and min(abs(interval.low), abs(interval.high)) > ROUNDED)


def mean_that_counts(table: np.ndarray, *, confidence: float = 0.95) -> tuple[Interval, bool]:
    """The mean of differences of shape (people, seeds) with its interval over people, and whether it counts."""
    interval = cluster_interval(table, confidence=confidence)
    return interval, counts(interval, table.mean(axis=0))


def verdict(text: str, reproduced: bool, *, size: str = "course") -> dict[str, Any]:
    """A claim's row: what was measured, at which size, and "reproduced" or "not reproduced"."""
    return {size: text, "verdict": "reproduced" if reproduced else "not reproduced"}
