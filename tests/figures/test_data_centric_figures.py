"""Chapter 10's bars and walls: shares and intervals are those of the people, words say what is there."""

import numpy as np
import pytest

from mia_kit.figures.data_centric import MEASURES, before_and_after, shares_by_defence
from mia_kit.metrics import cluster_interval


def test_shares_with_intervals_over_people():
    random = np.random.default_rng(0)
    passes = {
        name: {measure: random.integers(2, size=(12, 3)) for measure in ("acc1", "person", "surrogate")}
        for name in ("none", "data-centric", "without loss")
    }
    drawn = shares_by_defence(passes, title="bars")
    for measure in ("acc1", "person", "surrogate"):
        assert drawn.arrays[measure].tolist() == pytest.approx([own[measure].mean() for own in passes.values()])
    shown = {trace.name: trace for trace in drawn.figure.data if trace.name}
    assert set(shown) == {MEASURES[name] for name in ("acc1", "person", "surrogate")}
    assert len({trace.marker.symbol for trace in shown.values()}) == 3
    interval = cluster_interval(passes["none"]["acc1"])
    assert shown["attack accuracy"].error_y.array[0] == pytest.approx(interval.high - interval.value, abs=1e-4)
    seeds = drawn.figure.data[0]
    assert seeds.y.tolist() == pytest.approx([s for own in passes.values() for s in own["acc1"].mean(axis=0)], abs=1e-3)
    assert "without<br>loss" in drawn.figure.layout.xaxis.ticktext
    assert f"none {interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]" in drawn.alt


def test_one_seed_has_no_faint_dots():
    passes = {name: {"acc1": np.array([[1], [0]])} for name in ("none", "data-centric")}
    assert len(shares_by_defence(passes, title="bars").figure.data) == 1


def test_a_wall_says_how_many_show_the_surrogate():
    pictures = np.zeros((3, 8, 8, 3), dtype=np.uint8)
    nearer = {"undefended": np.array([False, False, True]), "defended": np.array([True, True, True])}
    rows = {"photograph": pictures, "undefended": pictures, "defended": pictures}
    drawn = before_and_after(rows, nearer, names=["a", "b", "c"], title="faces")
    assert "3 rows of 3 faces" in drawn.alt
    assert "undefended: 1 of 3 nearer to the surrogate; defended: 3 of 3" in drawn.alt
    assert drawn.arrays["undefended"].tolist() == pytest.approx([1 / 3])
    assert list(drawn.figure.layout.yaxis.ticktext) == list(rows)
