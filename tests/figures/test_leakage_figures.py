"""The figures of leakage: every value where it belongs, with its bars, and the same in words."""

from types import SimpleNamespace

import numpy as np
import pytest

from mia_kit.figures.leakage import leakage_by_factor, leakage_by_photographs, leakage_over_steps


def share(value):
    return {"value": value, "low": value - 0.05, "high": value + 0.04, "by_seed": [value - 0.01, value + 0.01]}


def cell(smoothing, per_class=15, shift=0.0):
    level = 0.4 + smoothing + shift
    shares = {
        f"{m}_{w}": share(level / k)
        for k, m in enumerate(("acc1", "acc5", "named", "verified"), 1)
        for w in ("all", "selected")
    }
    return shares | {
        "smoothing": smoothing,
        "per_class": per_class,
        "accuracy": [0.8, 0.9],
        "judges": {"genuine": [0.7, 0.9]},
        "film": {"acc1": [[0.1, level], [0.2, level]]},
    }


CELLS = [cell(0.1), cell(-0.1), cell(0.0)]


def line(figure, name):
    return next(trace for trace in figure.data if trace.name == name and trace.error_y.array is not None)


def test_factors_ascend_and_bars_are_the_intervals():
    drawn = leakage_by_factor(CELLS)
    shown = line(drawn.figure, "Acc@1 (evaluator)")
    assert list(shown.x) == [-0.1, 0.0, 0.1]
    assert list(shown.y) == pytest.approx([0.3, 0.4, 0.5])
    assert list(shown.error_y.array) == pytest.approx([0.04] * 3)
    assert list(shown.error_y.arrayminus) == pytest.approx([0.05] * 3)
    np.testing.assert_allclose(drawn.arrays["acc1"], [0.3, 0.4, 0.5])
    np.testing.assert_allclose(drawn.arrays["accuracy"], 0.85)
    assert "+0.1: 0.500 [0.450, 0.540]" in drawn.alt and "Of real photographs 80%" in drawn.alt


def test_steps_are_means_over_seeds():
    drawn = leakage_over_steps(CELLS, [0, 50])
    np.testing.assert_allclose(drawn.arrays["+0.1"], [0.15, 0.5])
    assert [trace.name for trace in drawn.figure.data] == ["\u22120.1", "0 (hard labels)", "+0.1"]
    assert len({(trace.line.dash, trace.marker.symbol) for trace in drawn.figure.data}) == 3


def test_photographs_beside_their_advantage():
    cells = [cell(a, n, shift=n / 100) for a in (-0.05, 0.0, 0.1) for n in (20, 5)]
    own = [SimpleNamespace(value=v, low=v - 0.1, high=v + 0.1) for v in (0.3, 0.2)]
    drawn = leakage_by_photographs(cells, {-0.05: own, 0.1: own})
    np.testing.assert_allclose(drawn.arrays["+0.1"], [0.55, 0.7])
    right = [trace for trace in drawn.figure.data if trace.xaxis == "x2" and len(trace.x) == 2]
    assert right[0].x[0] < 5 < right[1].x[0]  # side by side
    assert [list(trace.y) for trace in right] == [[0.3, 0.2], [0.3, 0.2]]
    assert list(right[0].customdata) == [5, 20] and "change 0.300 [0.200, 0.400]" in drawn.alt
