"""The figures of chapter 5 draw the table they are given: each point where its row says, and the words with it."""

import numpy as np
import pandas as pd
import pytest

from mia_kit.figures.leakage import closing_interval, delivered, leakage_by_factor, leakage_over_steps

FACTORS = (-0.2, 0.0, 0.1)


def means(**columns):
    """Rows of all combinations of the columns, whose values rise from .1 and have an interval of .05 about them."""
    rows = pd.MultiIndex.from_product(columns.values(), names=columns.keys()).to_frame(index=False)
    value = np.linspace(0.1, 0.9, len(rows))
    return rows.assign(value=value, low=value - 0.05, high=value + 0.05)


def test_each_loss_has_its_line_and_controls_lie_across():
    rows = means(loss=["cross_entropy", "margin"], strength=FACTORS)
    drawn = leakage_by_factor(rows, pd.DataFrame({"attack": ["placebo", "oracle"], "value": [0.05, 0.95]}))
    lines = {trace.name: trace for trace in drawn.figure.data}
    assert list(lines) == ["cross-entropy", "margin"]
    np.testing.assert_allclose(lines["margin"].y, rows["value"][3:], atol=1e-4)
    np.testing.assert_allclose(lines["margin"].x, FACTORS, atol=0.01)
    np.testing.assert_allclose(lines["margin"].error_y.array, 0.05, atol=1e-3)
    assert lines["margin"].marker.symbol != lines["cross-entropy"].marker.symbol
    assert [shape.y0 for shape in drawn.figure.layout.shapes] == [0.05, 0.95]
    assert "margin: -0.2 0.58" in drawn.alt and "placebo: 0.05" in drawn.alt


def test_rows_may_come_in_any_order():
    rows = means(loss=["poincare"], strength=FACTORS)
    none = pd.DataFrame({"attack": [], "value": []})
    straight, turned = leakage_by_factor(rows, none), leakage_by_factor(rows[::-1], none)
    np.testing.assert_array_equal(straight.arrays["poincare"], turned.arrays["poincare"])


def test_the_check_of_the_dose_shows_both_sides():
    drawn = delivered(means(strength=FACTORS), means(strength=FACTORS))
    assert [trace.name for trace in drawn.figure.data] == ["margin ratio", "accuracy"]
    assert drawn.figure.layout.yaxis.type == "log" and drawn.figure.layout.shapes[0].y0 == 2


def test_steps_have_a_panel_for_each_loss():
    rows = means(loss=["cross_entropy", "poincare"], strength=FACTORS, steps=[0, 50, 200])
    drawn = leakage_over_steps(rows)
    assert len(drawn.figure.data) == 6 and sum(trace.showlegend for trace in drawn.figure.data) == 3
    np.testing.assert_allclose(drawn.arrays["poincare +0.1"], rows["value"][-3:])
    assert drawn.figure.data[0].x == pytest.approx(np.sqrt([0, 50, 200]))


def test_the_interval_of_so_many_people_is_the_last_one_drawn():
    rows = means(people=[4, 20, 80])
    drawn = closing_interval(rows, of="a difference")
    second = drawn.figure.frames[1]
    assert second.name == "20" and list(second.data[0].x) == [4, 20]
    np.testing.assert_allclose(second.data[1].y, [*rows["low"][:2], *rows["high"][1::-1]])
    assert len(drawn.figure.data[0].x) == 1
