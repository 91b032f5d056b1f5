"""Intervals against values known from elsewhere."""

import numpy as np
import pytest

from mia_kit.metrics.intervals import cluster_interval, mean_interval, share_interval


def test_mean_interval_is_students():
    interval = mean_interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert interval.value == 3
    assert (interval.low, interval.high) == pytest.approx((3 - 1.9632, 3 + 1.9632), abs=1e-3)


def test_share_interval_is_wilsons():
    interval = share_interval(8, 10)
    assert (interval.value, interval.low, interval.high) == pytest.approx((0.8, 0.4902, 0.9433), abs=1e-3)
    assert share_interval(50, 50).low == pytest.approx(0.9287, abs=1e-3)
    assert share_interval(0, 50).high == pytest.approx(0.0713, abs=1e-3)


def test_cluster_interval_counts_clusters_not_values():
    rows = np.random.default_rng(1).normal(size=(20, 1))
    once, copied = cluster_interval(rows), cluster_interval(np.repeat(rows, 50, axis=1))
    assert (copied.low, copied.high) == pytest.approx((once.low, once.high))
    assert once.low < rows.mean() < once.high


def test_cluster_interval_covers_the_truth():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(200):
        interval = cluster_interval(rng.normal(size=(40, 3)), resamples=500)
        hits += interval.low <= 0 <= interval.high
    assert 0.87 <= hits / 200 <= 0.99


@pytest.mark.parametrize("call", [lambda: mean_interval([1.0]), lambda: cluster_interval([[1.0, 2.0]])])
def test_one_value_has_no_interval(call):
    with pytest.raises(ValueError, match="at least 2"):
        call()


def test_impossible_share():
    with pytest.raises(ValueError, match="got 11 of 10"):
        share_interval(11, 10)


def test_reads_well():
    assert str(share_interval(8, 10)) == "0.8 [0.49, 0.943]"
