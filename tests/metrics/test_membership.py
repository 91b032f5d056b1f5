"""Measures of membership inference against brute force, scikit-learn and Gaussians whose curve is known."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from mia_kit.metrics.membership import auc, roc, true_positives_at


def tied_scores(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.integers(2, 9, 60).astype(float), random.integers(0, 7, 90).astype(float)


def brute_points(members: np.ndarray, others: np.ndarray) -> list[tuple[float, float]]:
    thresholds = [np.inf, *sorted(set(members) | set(others), reverse=True)]
    return [(float((others >= t).mean()), float((members >= t).mean())) for t in thresholds]


def test_every_point_of_the_curve_against_brute_force() -> None:
    members, others = tied_scores()
    curve = roc(members, others)
    assert list(zip(curve.false_positives, curve.true_positives, strict=True)) == brute_points(members, others)
    false, true = curve.log_points()
    assert (false > 0).all() and (true > 0).all() and (false[-1], true[-1]) == (1, 1)


def test_the_curve_is_read_without_interpolation() -> None:
    curve = roc(np.array([3.0, 2.0, 1.0, 0.0]), np.array([2.5, 1.5, 0.5, -1.0]))
    np.testing.assert_array_equal(curve.at([0.0, 0.2, 0.25, 0.49, 0.5, 1.0]), [0.25, 0.25, 0.5, 0.5, 0.75, 1.0])


def test_area_agrees_with_another_library_where_scores_tie() -> None:
    members, others = tied_scores()
    truth = np.repeat([1, 0], [len(members), len(others)])
    found = auc(members, others)
    assert found.value == pytest.approx(roc_auc_score(truth, np.concatenate([members, others])))
    assert found.low < found.value < found.high


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.05, 0.29, 0.3, 0.9])
def test_true_positives_against_brute_force(rate: float) -> None:
    members, others = tied_scores()
    points = brute_points(members, others[:50].repeat(2))
    best = max(true for false, true in points if false <= rate + 1e-12)
    assert true_positives_at(members, others[:50].repeat(2), false_positive_rate=rate).value == best


def test_perfect_separation_and_none() -> None:
    members, others = np.arange(5.0) + 10, np.arange(7.0)
    for found in (auc(members, others), true_positives_at(members, others)):
        assert (found.value, found.low, found.high) == pytest.approx((1, 1, 1))
    assert auc(others, members).value == 0
    members, others = np.full(5, 3.0), np.full(8, 3.0)
    assert auc(members, others).value == 0.5 and auc(members, others).high == 0.5
    assert true_positives_at(members, others).value == 0


def test_infinite_scores_and_seeds() -> None:
    members, others = np.array([np.inf, 0.0, -np.inf]), np.array([-np.inf, 0.0])
    assert auc(members, others).value == pytest.approx((2 + 1.5 + 0.5) / 6)
    assert auc(*tied_scores(), seed=1) == auc(*tied_scores(), seed=1) != auc(*tied_scores(), seed=2)
