"""The figures of chapter 7, from made-up evidence and arrays."""

from typing import Any

import numpy as np
import pytest

from mia_kit.figures.frontier import NAMES, Mark, defended_wall, frontier, marks_of
from mia_kit.figures.mechanisms import mechanisms


def share(value: float) -> dict[str, Any]:
    return {"value": value, "low": value - 0.1, "high": value + 0.1, "by_seed": [value - 0.05, value + 0.05]}


def point(defence: str, strength: float, accuracy: float, poincare: float, margin: float) -> dict[str, Any]:
    leaks = {"poincare": {"acc1": share(poincare)}, "margin": {"acc1": share(margin)}}
    epsilon = [3.0, 5.0] if defence == "dp_sgd" else [None, None]
    return {"defence": defence, "strength": strength, "accuracy": [accuracy] * 2, "epsilon": epsilon, **leaks}


POINTS = [
    point("none", 0.0, 0.7, 0.6, 0.5),
    point("dp_sgd", 1.0, 0.3, 0.1, 0.2),
    point("dp_sgd", 0.1, 0.5, 0.3, 0.2),
]


def test_a_mark_is_the_worse_loss_with_its_epsilon() -> None:
    found = marks_of(POINTS)
    assert [one.leakage for one in found] == [0.6, 0.2, 0.3]
    assert found[1].words == "epsilon 4, margin loss" and found[0].words == "poincare loss"
    assert found[1].seeds == ((0.3, pytest.approx(0.15)), (0.3, 0.25))
    assert [one.name for one in found] == ["no defence", "DP-SGD 1", "DP-SGD 0.1"]


def test_the_frontier_joins_a_defences_strengths_in_order() -> None:
    drawn = frontier(marks_of(POINTS), title="made up")
    np.testing.assert_allclose(drawn.arrays["accuracy dp_sgd"], [0.5, 0.3])
    np.testing.assert_allclose(drawn.arrays["leakage dp_sgd"], [0.3, 0.2])
    seeds, line = drawn.figure.data[2:]
    assert list(line.x) == [0.5, 0.3] and list(line.error_y.array) == pytest.approx([0.1, 0.1])
    assert line.customdata[1][1] == "epsilon 4, margin loss" and sorted(set(seeds.x)) == [0.3, 0.5]
    assert "DP-SGD 0.1: accuracy 50.0%, leakage 30.0%; DP-SGD 1: accuracy 30.0%" in drawn.alt


def test_all_defences_are_told_apart() -> None:
    drawn = frontier([Mark(name, 1.0, 0.5, 0.5, 0.4, 0.6) for name in NAMES], title="all")
    looks = [(trace.marker.color, trace.marker.symbol) for trace in drawn.figure.data if trace.mode == "lines+markers"]
    assert len(set(looks)) == len(NAMES)
    assert len({symbol for _, symbol in looks}) == len(NAMES)


def test_the_wall_has_the_most_accurate_first() -> None:
    pictures = np.random.default_rng(0).integers(0, 255, (3, 2, 8, 8, 3), dtype=np.uint8)
    drawn = defended_wall(pictures, np.array([[1, 1], [2, 3], [1, 9]]), marks_of(POINTS), names=["p", "q"])
    assert next(iter(drawn.figure.layout.yaxis.ticktext)).startswith("no defence<br>right on 70%")
    np.testing.assert_allclose(drawn.arrays["hits"], [1, 0.5, 0])
    assert "DP-SGD 0.1, right on 50%: 1 of 2 recognised" in drawn.alt


def test_mechanisms_count_what_is_clipped() -> None:
    gradients = np.array([[3.0, 4.0], [0.1, 0.0]])
    drawn = mechanisms(
        gradients=gradients,
        clipped=np.array([[0.6, 0.8], [0.1, 0.0]]),
        sums=np.ones((5, 2)),
        clip_norm=1.0,
        noise_multiplier=0.5,
        shares=np.linspace(0, 1, 3),
        on_picture=np.array([3.0, 2.0, 1.0]),
        on_label=np.array([0.0, 1.0, 2.0]),
        deviations=np.linspace(0.1, 1, 4),
        nats=np.arange(12.0).reshape(3, 4),
    )
    assert "2 gradients in the plane, of which 1 are longer than 1" in drawn.alt
    noisy = next(trace for trace in drawn.figure.data if trace.name == "noisy mean of a step")
    assert set(noisy.x) == {0.5}  # the mean over two pictures
    assert drawn.arrays["nats"].shape == (3, 4)
