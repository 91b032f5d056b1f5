"""Intervals for everything that chance touches: means over seeds, shares of trials, statistics over clusters."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Interval:
    """An estimate with the two ends of its interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}]"


def mean_interval(values: ArrayLike, confidence: float = 0.95) -> Interval:
    """Mean of independent values, at least 2, with Student's t interval. `confidence` lies in (0, 1)."""
    from scipy.stats import t

    numbers = np.asarray(values, dtype=float).ravel()
    if len(numbers) < 2:
        raise ValueError(f"an interval for a mean needs at least 2 values, got {len(numbers)} instead")
    half = t.ppf((1 + confidence) / 2, len(numbers) - 1) * numbers.std(ddof=1) / math.sqrt(len(numbers))
    return Interval(float(numbers.mean()), float(numbers.mean() - half), float(numbers.mean() + half))


def share_interval(successes: int, trials: int, confidence: float = 0.95) -> Interval:
    """Share of independent trials that succeeded, with Wilson's interval, which stays honest at 0 and at 1."""
    from scipy.stats import norm

    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(f"successes must lie in [0, trials], got {successes} of {trials} instead")
    z = norm.ppf((1 + confidence) / 2)
    share = successes / trials
    centre = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z / (1 + z**2 / trials) * math.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    return Interval(share, float(max(0.0, centre - half)), float(min(1.0, centre + half)))


def cluster_interval(values: ArrayLike, seed: int = 0, confidence: float = 0.95, resamples: int = 10_000) -> Interval:
    """Mean of values of shape (clusters, ...), with a percentile bootstrap over the clusters.

    Use it where the rows are independent and the values in a row are not: several starts on one trained model, several
    pictures of one person.
    """
    rows = np.asarray(values, dtype=float)
    means = rows.reshape(len(rows), -1).mean(axis=1)  # (clusters,)
    if len(means) < 2:
        raise ValueError(f"a bootstrap over clusters needs at least 2 of them, got {len(means)} instead")
    draws = np.random.default_rng(seed).integers(len(means), size=(resamples, len(means)))
    low, high = np.quantile(means[draws].mean(axis=1), [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(means.mean()), float(low), float(high))
