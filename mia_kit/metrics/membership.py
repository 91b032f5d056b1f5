"""How well an attacker tells members from non-members: the area under the curve, and true positives at few false ones.

An average over all examples hides an attacker who is sure of a few, so that Carlini et al. (*Membership Inference
Attacks From First Principles*, S&P 2022, section IV) look at the true positives at 0.1 % false ones.

Scores rise with the belief that an example is a member; they may be infinite. An example is called a member where its
score is at least a threshold, so equal scores stand or fall together. Intervals are 95 % percentile bootstraps over
examples, members and non-members drawn apart: they hold for one trained model, not for another seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mia_kit import check
from mia_kit.metrics.intervals import Interval

RESAMPLES = 1000


@dataclass(frozen=True, eq=False)
class RocCurve:
    """One point for each different score, from none called a member to all: two arrays of shape (points,).

    They are shares of non-members and of members called members, both ascending from 0 to 1.
    """

    false_positives: np.ndarray
    true_positives: np.ndarray

    @property
    def area(self) -> float:
        """The area under the curve without an interval; `auc` gives one."""
        return float(np.trapezoid(self.true_positives, self.false_positives))

    def at(self, false_positives: ArrayLike) -> np.ndarray:
        """True positives at these shares of false ones, in [0, 1]: nothing is interpolated between thresholds."""
        rates = check.array("false_positives", false_positives)
        check.in_range("the least of false_positives", rates.min(), 0, 1)
        check.in_range("the greatest of false_positives", rates.max(), 0, 1)
        # 0.29 * 100 is below 29
        places = np.searchsorted(self.false_positives, rates + 1e-12, side="right") - 1
        return self.true_positives[places]

    def log_points(self) -> tuple[np.ndarray, np.ndarray]:
        """False and true positives for logarithmic axes: without the points at which one of them is 0."""
        drawn = (self.false_positives > 0) & (self.true_positives > 0)
        return self.false_positives[drawn], self.true_positives[drawn]


def roc(members: np.ndarray, non_members: np.ndarray) -> RocCurve:
    """Points for scores of `members`, of shape (m,), and `non_members` (n,)."""
    members, non_members = _scores("members", members), _scores("non_members", non_members)
    thresholds = np.unique(np.concatenate([members, non_members]))[::-1]
    called = [
        np.concatenate([[0.0], (len(scores) - np.searchsorted(np.sort(scores), thresholds)) / len(scores)])
        for scores in (members, non_members)
    ]
    return RocCurve(called[1], called[0])


def auc(members: np.ndarray, non_members: np.ndarray, *, seed: int = 0) -> Interval:
    """Area under the ROC curve: how often a member scores above a non-member, a tie counting half."""
    return _bootstrap(members, non_members, lambda curve: curve.area, seed)


def true_positives_at(
    members: np.ndarray, non_members: np.ndarray, *, false_positive_rate: float = 0.001, seed: int = 0
) -> Interval:
    """The greatest share of members found by a threshold that calls at most this share of non-members members.

    `false_positive_rate` lies in (0, 1); below 1 / n no non-member at all may be called a member.
    """
    rate = check.in_range("false_positive_rate", false_positive_rate, 0, 1, open_ends="both")
    return _bootstrap(members, non_members, lambda curve: float(curve.at(rate)), seed)


def _scores(name: str, scores: np.ndarray) -> np.ndarray:
    """float64 of shape (n,), infinity allowed; NaN would be read as a non-member, and is a ValueError."""
    scores = check.array(name, scores, ("n",), finite=False).astype(float)
    unknown = int(np.isnan(scores).sum())
    if unknown:
        raise ValueError(f"{name} must be numbers, got {unknown} NaN of {len(scores)} instead")
    return scores


def _bootstrap(
    members: np.ndarray, non_members: np.ndarray, statistic: Callable[[RocCurve], float], seed: int
) -> Interval:
    """A statistic of the curve, with the interval of its resamples."""
    curve, random = roc(members, non_members), np.random.default_rng(check.count("seed", seed, 0))
    resampled = [
        statistic(roc(random.choice(members, len(members)), random.choice(non_members, len(non_members))))
        for _ in range(RESAMPLES)
    ]
    low, high = np.quantile(resampled, [0.025, 0.975])
    return Interval(statistic(curve), float(low), float(high))
