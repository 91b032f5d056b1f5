"""Lines, dots and bars draw the table they are given: each point where its row says, its ends, and the words."""

import numpy as np
import pandas as pd
import pytest

from mia_kit.figures.data_centric import shares_by_defence
from mia_kit.figures.frontier import NAMES, Mark, frontier
from mia_kit.figures.full_scale import images_by_work
from mia_kit.figures.leakage import EFFORTS, LOSSES, closing_interval, delivered, leakage_by_effort, leakage_by_factor
from mia_kit.figures.mechanisms import mechanisms
from mia_kit.figures.stages import gradient_turns
from mia_kit.figures.striking import LEAST, differences, gradients_on_the_way
from mia_kit.figures.zoo import attacks_by_judge, changes_by_attack

FACTORS = (-0.2, 0.0, 0.1)
MARKS = [
    Mark("none", 0.0, 0.7, 0.6, 0.5, 0.7),
    Mark("dp_sgd", 1.0, 0.3, 0.2, 0.1, 0.3),
    Mark("dp_sgd", 0.1, 0.5, 0.3, 0.2, 0.4, words="epsilon 4, margin loss"),
]


def means(**columns):
    """Rows of all combinations of the columns, whose values rise from .1 and have an interval of .05 about them."""
    rows = pd.MultiIndex.from_product(columns.values(), names=columns.keys()).to_frame(index=False)
    value = np.linspace(0.1, 0.9, len(rows))
    return rows.assign(value=value, low=value - 0.05, high=value + 0.05)


# --- chapters 4, 5 and 8 ----------------------------------------------------------------------------------------------


def test_turns_are_drawn_where_their_rows_say():
    rows = pd.DataFrame({"strength": [0.0, -0.2, 0.0, -0.2], "steps": [50, 50, 5, 5], "value": [0.4, 0.1, 0.5, 0.2]})
    drawn = gradient_turns(rows.assign(low=rows["value"] - 0.1, high=rows["value"] + 0.1))
    hard = next(trace for trace in drawn.figure.data if trace.name.startswith("0"))
    assert list(hard.y) == [0.5, 0.4] and hard.x == pytest.approx(np.log10([5, 50]))
    assert drawn.arrays["-0.2"].tolist() == [0.2, 0.1]


def test_each_loss_has_its_line_in_any_order_and_controls_lie_across():
    rows = means(loss=["cross_entropy", "margin"], strength=FACTORS)
    drawn = leakage_by_factor(rows[::-1], pd.DataFrame({"attack": ["placebo", "oracle"], "value": [0.05, 0.95]}))
    lines = {trace.name: trace for trace in drawn.figure.data}
    assert set(lines) == {"cross-entropy", "margin"}
    np.testing.assert_allclose(lines["margin"].y, rows["value"][3:], atol=1e-4)
    np.testing.assert_allclose(lines["margin"].x, FACTORS, atol=0.01)
    np.testing.assert_allclose(lines["margin"].error_y.array, 0.05, atol=1e-3)
    assert lines["margin"].marker.symbol != lines["cross-entropy"].marker.symbol
    assert [shape.y0 for shape in drawn.figure.layout.shapes] == [0.05, 0.95]
    assert "margin: -0.2 0.58" in drawn.alt and "placebo: 0.05" in drawn.alt


def test_distances_are_no_shares():
    rows = means(loss=["cross_entropy"], strength=FACTORS)
    rows[["value", "low", "high"]] += 3
    axis = leakage_by_factor(rows, pd.DataFrame({"attack": [], "value": []}), "distance").figure.layout.yaxis
    assert axis.range is None and axis.tickformat is None


def test_the_check_of_the_dose_shows_both_sides():
    rows = means(strength=FACTORS)
    drawn = delivered(rows, rows[::-1])
    for trace in drawn.figure.data:
        np.testing.assert_allclose(trace.y, rows["value"], atol=1e-4)


@pytest.mark.parametrize("effort", EFFORTS)
def test_efforts_have_a_panel_for_each_loss(effort):
    rows = means(loss=["cross_entropy", "poincare"], strength=FACTORS, **{effort: [0, 50, 200]})
    drawn = leakage_by_effort(rows[::-1], effort)
    assert EFFORTS[effort] in drawn.figure.layout.title.text and EFFORTS[effort] in drawn.alt
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


def test_a_gradient_that_is_gone_is_drawn_at_the_bottom_and_every_loss_has_its_colour():
    rows = means(strength=[0.0, -0.2], loss=["cross_entropy", "logit"], share=[0.0, 1.0])
    rows["value"] = 10.0
    rows.loc[5, "value"] = 0.0  # of cross-entropy at -0.2, at the person
    drawn = gradients_on_the_way(rows)
    np.testing.assert_allclose(drawn.arrays["cross_entropy -0.2"], [1, np.log10(LEAST)])
    assert {trace.name for trace in drawn.figure.data} == {LOSSES[loss][0] for loss in ("cross_entropy", "logit")}
    assert len({(trace.name, trace.line.color) for trace in drawn.figure.data}) == 2
    assert "−0.2, cross-entropy: 1e+01 to 1e-24" in drawn.alt


def test_differences_keep_their_intervals():
    table = pd.DataFrame({"name": ["a", "b"], "value": [0.1, -0.2], "low": [-0.1, -0.3], "high": [0.2, 0.0]})
    drawn = differences(table, title="Changes")
    assert drawn.figure.layout.yaxis.type == "category"  # or Plotly drops names when one looks like a number
    (dots,) = drawn.figure.data
    np.testing.assert_allclose(dots.error_x.arrayminus, [0.2, 0.1])
    assert list(dots.x) == [0.1, -0.2] and "a +0.100 [-0.100, +0.200]; b -0.200" in drawn.alt


# --- chapter 6 --------------------------------------------------------------------------------------------------------


def frame(estimates, measures=("acc1", "named")):
    return pd.DataFrame(
        {"measure": measure, "attack": attack, "strength": strength, "value": value}
        | {"low": value - 0.1, "high": value + 0.2}
        for measure in measures
        for (attack, strength), value in estimates.items()
    )


def both(attack, share, start):
    return {(f"{attack}{end}", s): v for s in (-0.2, 0.0) for end, v in (("", share), (" start", start))}


SHARES = frame(both("brep_mi", 0.15, 0.1) | both("ppa", 0.65, 0.3))


def test_marks_intervals_and_starts_lie_in_one_row():
    drawn = attacks_by_judge(SHARES, labels={"ppa": "PPA<br>white box", "brep_mi": "BREP-MI<br>labels"})
    np.testing.assert_allclose(drawn.arrays["named -0.2"], [0.65, 0.15])
    dots, strokes = drawn.figure.data[0], drawn.figure.data[4]  # two panels of two factors, then their strokes
    assert list(dots.error_x.array) == pytest.approx([0.2, 0.2]) and list(dots.error_x.arrayminus) == [0.1, 0.1]
    assert list(strokes.x) == [0.3, 0.1] and strokes.xaxis == dots.xaxis
    np.testing.assert_allclose(strokes.y, dots.y)
    assert drawn.figure.layout.yaxis.ticktext == ("PPA<br>white box", "BREP-MI<br>labels")
    assert "0 (hard labels): ppa 0.650 [0.550, 0.850], brep_mi 0.150" in drawn.alt
    with pytest.raises(ValueError, match=r"needs acc1 at -0.2, got none of late"):
        attacks_by_judge(SHARES, labels={"ppa": "PPA", "late": "late"})


def test_changes_stand_beside_the_published_ones():
    changes = frame({("PPA", -0.2): -0.3, ("GMI", -0.2): 0.1})
    drawn = changes_by_attack(changes, published={"GMI": -0.06})
    np.testing.assert_allclose(drawn.arrays["acc1 -0.2"], [-0.3, 0.1])
    published = drawn.figure.data[-1]
    assert (published.x, published.y, published.xaxis) == ((-0.06,), (1,), "x")  # the panel of the evaluator
    assert "Published changes of Acc@1 by negative smoothing: GMI -0.060." in drawn.alt


# --- chapters 7, 10 and 12 --------------------------------------------------------------------------------------------


def test_the_frontier_joins_a_defences_strengths_in_order_below_no_defence():
    drawn = frontier(MARKS, title="made up")
    np.testing.assert_allclose(drawn.arrays["accuracy dp_sgd"], [0.5, 0.3])
    np.testing.assert_allclose(drawn.arrays["leakage dp_sgd"], [0.3, 0.2])
    line, top = drawn.figure.data
    assert top.name == "no defence"
    assert list(line.x) == [0.5, 0.3] and list(line.error_y.array) == pytest.approx([0.1, 0.1])
    assert list(line.customdata[0]) == ["DP-SGD 0.1", "epsilon 4, margin loss"]
    assert "DP-SGD 0.1: accuracy 50.0%, leakage 30.0%; DP-SGD 1: accuracy 30.0%" in drawn.alt


def test_all_defences_are_told_apart_by_their_shape_alone():
    drawn = frontier([Mark(name, 1.0, 0.5, 0.5, 0.4, 0.6) for name in NAMES], title="all")
    assert len({trace.marker.symbol for trace in drawn.figure.data}) == len(NAMES)


def test_a_class_of_thirty_teams_fits_into_a_frontier():
    teams = [Mark(f"team {number}", 0.0, 0.5, 0.5, 0.4, 0.6) for number in range(30)]
    assert len(frontier(teams, title="a class").figure.data) == 30


def test_mechanisms_stand_in_three_panels():
    drawn = mechanisms(
        prices=(np.linspace(0.1, 1, 4), {"at 0": np.arange(4.0), "at 1": np.arange(4.0)}),
        dependence=(np.linspace(0, 1, 3), {"on the picture": np.array([3.0, 2.0, 1.0])}),
        gradients={"clipped": np.array([[0.6, 0.8], [0.1, 0.0]])},
    )
    assert [trace.xaxis for trace in drawn.figure.data] == ["x", "x", "x2", "x3"]
    assert "on the picture goes from 3.00 to 1.00" in drawn.alt and drawn.arrays["clipped"].shape == (2, 2)


def test_a_dot_for_each_defence_of_the_table():
    rows = [("none", "ppa", 0.5, 0.3, 0.7), ("none", "gmi", 0.9, 0.8, 1.0), ("dcd without loss", "ppa", 0.2, 0.0, 0.3)]
    shares = pd.DataFrame(rows, columns=["defence", "attack", "value", "low", "high"])
    drawn = shares_by_defence(shares, {"ppa": "PPA", "gmi": "GMI"}, title="dots")
    assert {name: values.tolist() for name, values in drawn.arrays.items()} == {"ppa": [0.5, 0.2], "gmi": [0.9]}
    ppa, gmi = drawn.figure.data
    assert (ppa.name, gmi.name) == ("PPA", "GMI") and ppa.marker.symbol != gmi.marker.symbol
    assert ppa.error_y.array[0] == pytest.approx(0.2) and ppa.error_y.arrayminus[1] == pytest.approx(0.2)
    assert ppa.x[1] - ppa.x[0] == pytest.approx(1) and gmi.x[0] > ppa.x[0]
    assert drawn.figure.layout.xaxis.ticktext == ("no<br>defence", "without<br>loss")
    assert "PPA: no defence 0.500 [0.300, 0.700], without loss 0.200 [0.000, 0.300]; GMI" in drawn.alt


def test_every_recipe_stands_at_its_kinds_of_work():
    drawn = images_by_work({"toy": {"training": 100.0, "judging": 10.0}, "full": {"training": 1e6}})
    toy, full = drawn.figure.data
    assert list(toy.x) == [100, 10] and list(toy.y) == ["training", "judging"] and list(full.y) == ["training"]
    assert toy.marker.symbol != full.marker.symbol and "full: training 1,000,000." in drawn.alt
    assert drawn.arrays["toy"] == pytest.approx([2, 1]) and drawn.arrays["full"] == pytest.approx([6])
    assert drawn.figure.layout.yaxis.categoryarray == ("judging", "training")
