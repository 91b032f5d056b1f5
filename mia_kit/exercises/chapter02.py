"""Checks for the exercises of notebook 02."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mia_kit.exercises import spoken
from mia_kit.metrics import scaled_distances


@spoken
def check_ratio(my_ratio: Callable[[np.ndarray, np.ndarray], float]) -> str | None:
    """Exercise 1: mean distance within classes over mean distance between classes."""
    draw = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 6)
    for spread in (0.1, 1.0, 10.0):
        features = draw.normal(size=(4, 8))[labels] + spread * draw.normal(size=(24, 8))
        mine, right = float(my_ratio(features, labels)), scaled_distances(features, labels).mean_ratio
        if abs(mine - right) < 1e-3 * right:
            continue
        if abs(mine * right - 1) < 1e-3:
            return "you divided the other way round: within belongs on top."
        if abs(mine - right * 5 / 6) < 1e-3 * right:
            return "a point's distance to itself is 0 and does not count: leave the diagonal out."
        return f"on a trial set the ratio is {right:.3f}, yours gives {mine:.3f}."
    return None


@spoken
def check_scale(answer: str) -> str | None:
    """Exercise 2: what a change of scale does to the ratio."""
    if answer in ("larger", "smaller"):
        return "multiply every feature by 1,000: all distances grow 1,000-fold, those within and those between."
    return None if answer == "the same" else 'choose "larger", "smaller" or "the same".'
