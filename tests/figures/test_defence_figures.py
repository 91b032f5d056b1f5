"""The figures of chapter 7, from made-up evidence and arrays."""

import numpy as np
import pytest

from mia_kit.figures.frontier import NAMES, Mark, defended_wall, frontier
from mia_kit.figures.mechanisms import mechanisms

MARKS = [
    Mark("none", 0.0, 0.7, 0.6, 0.5, 0.7),
    Mark("dp_sgd", 1.0, 0.3, 0.2, 0.1, 0.3),
    Mark("dp_sgd", 0.1, 0.5, 0.3, 0.2, 0.4, words="epsilon 4, margin loss"),
]


def test_the_frontier_joins_a_defences_strengths_in_order_below_no_defence() -> None:
    drawn = frontier(MARKS, title="made up")
    np.testing.assert_allclose(drawn.arrays["accuracy dp_sgd"], [0.5, 0.3])
    np.testing.assert_allclose(drawn.arrays["leakage dp_sgd"], [0.3, 0.2])
    line, top = drawn.figure.data
    assert top.name == "no defence"
    assert list(line.x) == [0.5, 0.3] and list(line.error_y.array) == pytest.approx([0.1, 0.1])
    assert list(line.customdata[0]) == ["DP-SGD 0.1", "epsilon 4, margin loss"]
    assert "DP-SGD 0.1: accuracy 50.0%, leakage 30.0%; DP-SGD 1: accuracy 30.0%" in drawn.alt


def test_all_defences_are_told_apart() -> None:
    drawn = frontier([Mark(name, 1.0, 0.5, 0.5, 0.4, 0.6) for name in NAMES], title="all")
    looks = [(trace.marker.color, trace.marker.symbol) for trace in drawn.figure.data]
    assert len(set(looks)) == len(NAMES)
    assert len({symbol for _, symbol in looks}) == len(NAMES)


def test_the_wall_has_the_most_accurate_first() -> None:
    pictures = np.random.default_rng(0).integers(0, 255, (3, 2, 8, 8, 3), dtype=np.uint8)
    drawn = defended_wall(pictures, np.array([[1, 1], [2, 3], [1, 9]]), MARKS, names=["p", "q"])
    assert next(iter(drawn.figure.layout.yaxis.ticktext)).startswith("no defence<br>right on 70%")
    np.testing.assert_allclose(drawn.arrays["hits"], [1, 0.5, 0])
    assert "DP-SGD 0.1, right on 50%: 1 of 2 recognised" in drawn.alt


def test_mechanisms_stand_in_three_panels() -> None:
    drawn = mechanisms(
        prices=(np.linspace(0.1, 1, 4), {"at 0": np.arange(4.0), "at 1": np.arange(4.0)}),
        dependence=(np.linspace(0, 1, 3), {"on the picture": np.array([3.0, 2.0, 1.0])}),
        gradients={"clipped": np.array([[0.6, 0.8], [0.1, 0.0]])},
    )
    assert [trace.xaxis for trace in drawn.figure.data] == ["x", "x", "x2", "x3"]
    assert "on the picture goes from 3.00 to 1.00" in drawn.alt and drawn.arrays["clipped"].shape == (2, 2)
