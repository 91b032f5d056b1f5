"""How well an attacker tells members from non-members: advantage, area under the curve, true positives at few false.

Advantage is that of Kaya, Hong and Dumitras (2020): 2 (accuracy - 50 %) on as many members as non-members. An average
over all examples hides an attacker who is sure of a few, so that Carlini et al. (*Membership Inference Attacks From
First Principles*, S&P 2022, section IV) look at the true positives at 0.1 % false ones, on axes that are both
logarithmic.

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
    """One point for each different score, from none called a member to all: three arrays of shape (points,).

    false_positives, true_positives : shares of non-members and of members called members, both ascending from 0 to 1
    thresholds : the scores that give these points, descending; infinity for the first
    """

    false_positives: np.ndarray
    true_positives: np.ndarray
    thresholds: np.ndarray

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
    """Points for scores of `members`, of shape (m,), and `non_members` (n,). ValueError if they do not fit."""
    members, non_members = _scores("members", members), _scores("non_members", non_members)
    counts, scores = _counts(members, non_members)
    called = _called(counts)  # (2, points)
    return RocCurve(
        false_positives=called[1] / len(non_members),
        true_positives=called[0] / len(members),
        thresholds=np.concatenate([[np.inf], scores[::-1]]),
    )


def advantage(called_members: np.ndarray, called_non_members: np.ndarray, *, seed: int = 0) -> Interval:
    """2 (accuracy - 50 %) on balanced data: the share of members called members less that of non-members.

    `called_members` of shape (m,) and `called_non_members` of shape (n,) are bool: True where the attacker says member.
    The value lies in [-1, 1]; 0 is guessing. Raises ValueError if a shape does not fit, TypeError if they are not bool.
    """
    called_members = check.mask("called_members", called_members)
    called_non_members = check.mask("called_non_members", called_non_members)
    return _bootstrap(called_members, called_non_members, _difference, seed)


def best_advantage(members: np.ndarray, non_members: np.ndarray, *, seed: int = 0) -> Interval:
    """The advantage at the threshold that is best on these very scores, in [0, 1].

    More than an attacker can expect of these scores, who has to choose the threshold on other examples. An estimate,
    and no bound for other attacks; biased upwards with few examples, its bootstrap more so: the lower end may lie above
    the value. Raises ValueError if a shape does not fit.
    """
    return _bootstrap(members, non_members, lambda counts: float(_gaps(counts).max()), seed)


def auc(members: np.ndarray, non_members: np.ndarray, *, seed: int = 0) -> Interval:
    """Area under the ROC curve: how often a member scores above a non-member, a tie counting half.

    members, non_members : scores of shapes (m,) and (n,), m and n at least 1; infinite ones are allowed, NaN is not
    seed : of the bootstrap

    Raises ValueError if a shape or a score does not fit.
    """
    return _bootstrap(members, non_members, area_under_roc, seed)


def true_positives_at(
    members: np.ndarray, non_members: np.ndarray, *, false_positive_rate: float = 0.001, seed: int = 0
) -> Interval:
    """The greatest share of members found by a threshold that calls at most this share of non-members members.

    `false_positive_rate` lies in (0, 1); below 1 / n no non-member at all may be called a member. Nothing is
    interpolated between thresholds. Raises ValueError if a shape, a score or the rate does not fit.
    """
    false_positive_rate = check.in_range("false_positive_rate", false_positive_rate, 0, 1, open_ends="both")
    members, non_members = _scores("members", members), _scores("non_members", non_members)
    allowed = false_positive_rate * len(non_members) + 1e-9  # 0.29 * 100 is below 29

    def share(counts: np.ndarray) -> float:
        called = _called(counts)
        last = np.searchsorted(called[1], allowed, side="right") - 1
        return float(called[0, last] / len(members))

    return _bootstrap(members, non_members, share, seed)


def _counts(members: np.ndarray, non_members: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many members and non-members have each score, of shape (2, scores), and the scores, ascending."""
    places, scores = _places(members, non_members)
    return _count(places[: len(members)], places[len(members) :], len(scores)), scores


def _places(members: np.ndarray, non_members: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rank of each score among the different ones, members first, and those scores."""
    pooled = np.concatenate([members, non_members])
    scores, places = np.unique(pooled, return_inverse=True)
    return places, scores


def _scores(name: str, scores: np.ndarray) -> np.ndarray:
    """float64 of shape (n,), infinity allowed; NaN would be read as a non-member, and is a ValueError."""
    scores = check.array(name, scores, ("n",), finite=False).astype(float)
    unknown = int(np.isnan(scores).sum())
    if unknown:
        raise ValueError(f"{name} must be numbers, got {unknown} NaN of {len(scores)} instead")
    return scores


def area_under_roc(counts: np.ndarray) -> float:
    """How often one of the first kind has the higher score than one of the second; a tie is half.

    `counts` has the shape (2, scores): how many of each kind have each score, the scores ascending. NaN where a kind is
    absent. scikit-learn's `roc_auc_score` gives the same, but takes 10 ms a call, and a bootstrap makes a thousand.
    """
    true, false = _called(counts)
    pairs = true[-1] * false[-1]
    return float(np.trapezoid(true, false) / pairs) if pairs else np.nan


def _count(members: np.ndarray, non_members: np.ndarray, scores: int) -> np.ndarray:
    return np.stack([np.bincount(places, minlength=scores) for places in (members, non_members)])


def _called(counts: np.ndarray) -> np.ndarray:
    """Members and non-members called members as the threshold falls from infinity: of shape (2, scores + 1)."""
    return np.concatenate([np.zeros((2, 1), dtype=counts.dtype), counts[:, ::-1].cumsum(axis=1)], axis=1)


def _gaps(counts: np.ndarray) -> np.ndarray:
    """True less false positives at each threshold: of shape (scores + 1,)."""
    true, false = _called(counts) / counts.sum(axis=1, keepdims=True)
    return true - false


def _difference(counts: np.ndarray) -> float:
    """The share of True among members less that among non-members; all verdicts the same leave no difference."""
    if counts.shape[1] == 1:
        return 0.0
    return float(counts[0, 1] / counts[0].sum() - counts[1, 1] / counts[1].sum())


def _bootstrap(
    members: np.ndarray, non_members: np.ndarray, statistic: Callable[[np.ndarray], float], seed: int
) -> Interval:
    """A statistic of the counts of each score, with the interval of its resamples."""
    members, non_members = _scores("members", members), _scores("non_members", non_members)
    places, scores = _places(members, non_members)
    of_members, others = places[: len(members)], places[len(members) :]
    random = np.random.default_rng(check.count("seed", seed, 0))
    resampled = [
        statistic(_count(random.choice(of_members, len(of_members)), random.choice(others, len(others)), len(scores)))
        for _ in range(RESAMPLES)
    ]
    low, high = np.quantile(resampled, [0.025, 0.975])
    return Interval(statistic(_count(of_members, others, len(scores))), float(low), float(high))
