"""Intervals for everything that chance touches: means over seeds, shares of trials, statistics over clusters."""

from __future__ import annotations

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike

from mia_kit import check


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


def mean_interval(values: ArrayLike, confidence: float = 0.95) -> Interval:
    """Mean of independent values, at least 2 and finite, with Student's t interval. `confidence` lies in (0, 1)."""
    from scipy.stats import t

    confidence = check.in_range("confidence", confidence, 0, 1, open_ends="both")
    numbers = check.array("values", values).astype(float).ravel()
    check.count("the number of values", len(numbers), 2)
    half = t.ppf((1 + confidence) / 2, len(numbers) - 1) * numbers.std(ddof=1) / math.sqrt(len(numbers))
    return Interval(float(numbers.mean()), float(numbers.mean() - half), float(numbers.mean() + half))


def share_interval(successes: int, trials: int, confidence: float = 0.95) -> Interval:
    """Share of independent trials that succeeded, with Wilson's interval, which stays honest at 0 and at 1.

    0 <= successes <= trials, trials at least 1, `confidence` in (0, 1).
    """
    from scipy.stats import norm

    trials = check.count("trials", trials)
    successes = check.count("successes", successes, 0, trials)
    confidence = check.in_range("confidence", confidence, 0, 1, open_ends="both")
    z = norm.ppf((1 + confidence) / 2)
    share = successes / trials
    centre = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z / (1 + z**2 / trials) * math.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    return Interval(share, float(max(0.0, centre - half)), float(min(1.0, centre + half)))
