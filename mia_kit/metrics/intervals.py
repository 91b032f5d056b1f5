"""95 % intervals for everything that chance touches: means over seeds, shares of trials, means over clusters."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mia_kit import check

CONFIDENCE = 0.95
RESAMPLES = 10_000


@dataclass(frozen=True)
class Interval:
    """An estimate with the two ends of its interval. ValueError if a number is not finite or `low` above `high`."""

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        check.number("value", self.value)
        check.in_range("high", self.high, check.number("low", self.low))

    def __str__(self) -> str:
        return f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}]"


def mean_interval(values: ArrayLike) -> Interval:
    """Mean of independent values, at least 2 and finite, with Student's t interval."""
    from scipy.stats import t

    numbers = check.array("values", values).astype(float).ravel()
    check.count("the number of values", len(numbers), 2)
    half = t.ppf((1 + CONFIDENCE) / 2, len(numbers) - 1) * numbers.std(ddof=1) / math.sqrt(len(numbers))
    return Interval(float(numbers.mean()), float(numbers.mean() - half), float(numbers.mean() + half))


def share_interval(successes: int, trials: int) -> Interval:
    """Share of independent trials that succeeded, with Wilson's interval, which stays honest at 0 and at 1."""
    from scipy.stats import norm

    trials = check.count("trials", trials)
    successes = check.count("successes", successes, 0, trials)
    z = norm.ppf((1 + CONFIDENCE) / 2)
    share = successes / trials
    centre = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z / (1 + z**2 / trials) * math.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    return Interval(share, float(max(0.0, centre - half)), float(min(1.0, centre + half)))


def cluster_interval(values: ArrayLike) -> Interval:
    """Mean of values of shape (clusters, ...), 2 clusters at least, with a percentile bootstrap over the clusters.

    Values are finite. Use it where the rows are independent and the values in a row are not: several starts on one
    trained model, several pictures of one person.
    """
    rows = np.atleast_1d(check.array("values", values).astype(float))
    means = rows.reshape(len(rows), -1).mean(axis=1)  # (clusters,)
    check.count("the number of clusters", len(means), 2)
    resampled = means[np.random.default_rng(0).integers(len(means), size=(RESAMPLES, len(means)))].mean(axis=1)
    low, high = np.quantile(resampled, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(float(means.mean()), float(low), float(high))
