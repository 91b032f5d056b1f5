"""The figures of chapter 6: every attack beside the others, in numbers and in pictures."""

from typing import Any

import numpy as np
import pytest

from mia_kit.figures.zoo import in_order, ranks_by_budget, smoothing_takes, zoo_table, zoo_wall


def row(attack: str, access: str, smoothing: float, seed: int, passes: int) -> dict[str, Any]:
    text = "1" * passes + "0" * (10 - passes)
    start = {"hits": {"named": "1" + "0" * 9, "verified": "0" * 10, "acc1": "0" * 10}}
    costs = {"queries": 1200.0 + seed, "seconds": 30.0 + 7 * seed, "generator_seconds": 5.0}
    own = {"attack": attack, "access": access, "smoothing": smoothing, "seed": seed, **costs}
    return own | {
        "hits": {"named": text, "verified": "0" * 10, "acc1": "1" * 10},
        "start_best": start,
        "start_random": start,
    }


ROWS = [
    row(attack, access, smoothing, seed, passes + seed)
    for attack, access, passes in (("BREP", "labels", 1), ("PPA", "white box", 6), ("black", "confidences", 3))
    for smoothing in (0.0, -0.05)
    for seed in (1, 0)
]


LOST = [
    row(attack, "white box", smoothing, 0, passes)
    for attack, smoothing, passes in (("PPA", 0.0, 6), ("PPA", -0.05, 3), ("GMI", 0.0, 3), ("GMI", -0.05, 4))
]


def test_attacks_stand_by_access_with_their_costs():
    assert in_order(ROWS) == ["PPA", "black", "BREP"]
    drawn = zoo_table(ROWS)
    np.testing.assert_allclose(drawn.arrays["named -0.05"], [0.65, 0.35, 0.15])
    np.testing.assert_allclose(drawn.arrays["verified +0"], 0)
    np.testing.assert_allclose(drawn.arrays["acc1 +0"], 1)
    labels = drawn.figure.layout.yaxis.ticktext
    assert labels[0] == "PPA<br>white box, 1,200 queries, 35 s"
    assert "named by the embedder, 0 (hard labels): PPA 0.650 [" in drawn.alt
    assert "BREP: labels, 1,200 queries, 35 s" in drawn.alt


def test_dots_bars_seeds_and_starts_lie_in_one_row():
    drawn = zoo_table(ROWS)
    seeds, strokes, dots = drawn.figure.data[:3]  # the least factor, the left panel
    assert list(dots.x) == pytest.approx([0.65, 0.35, 0.15]) and dots.error_x.array[0] > 0
    assert list(seeds.x) == pytest.approx([0.6, 0.7, 0.3, 0.4, 0.1, 0.2])
    np.testing.assert_allclose(seeds.y[::2], dots.y)
    np.testing.assert_allclose(strokes.y, dots.y)
    assert list(strokes.x) == pytest.approx([0.1] * 3)


def test_a_missing_cell_is_told():
    with pytest.raises(ValueError, match="got none of 'late' at -0.05 instead"):
        zoo_table([*ROWS, row("late", "labels", 0.0, 0, 1)])


def test_changes_are_those_from_hard_labels_to_each_factor():
    drawn = smoothing_takes(
        [*LOST, row("PPA", "white box", 0.1, 0, 9), row("GMI", "white box", 0.1, 0, 2)], {"GMI": -0.06}
    )
    np.testing.assert_allclose(drawn.arrays["named -0.05"], [-0.3, 0.1])
    np.testing.assert_allclose(drawn.arrays["named +0.1"], [0.3, -0.1])
    np.testing.assert_allclose(drawn.arrays["acc1 -0.05"], 0)
    assert [trace.name for trace in drawn.figure.data if trace.showlegend is not False] == [
        "−0.05 less hard labels",
        "+0.1 less hard labels",
        "published, negative smoothing",
    ]
    assert {trace.marker.symbol for trace in drawn.figure.data} == {
        "circle",
        "triangle-up",
        "diamond-open",
    }  # as in 6.4
    published = drawn.figure.data[-1]
    assert (published.x, published.y, published.xaxis) == ((-0.06,), (1,), "x")  # the panel of the evaluator
    assert drawn.figure.layout.yaxis.ticktext == ("PPA", "GMI")
    assert "Published changes of Acc@1 by negative smoothing: GMI -0.060." in drawn.alt
    with pytest.raises(ValueError, match="got none of 'PPA' at \\+0 instead"):
        smoothing_takes([own for own in LOST if own["smoothing"]], {})


def test_wall_counts_passes_and_blanks():
    pictures = np.random.default_rng(0).integers(0, 255, (2, 3, 8, 8, 3), dtype=np.uint8)
    pictures[1, 2] = 128
    passed = np.array([[True, True, False], [True, False, False]])
    drawn = zoo_wall(pictures, passed, attacks=["PPA", "BREP"], access=["white box", "labels"], names=["p", "q", "r"])
    assert "PPA (white box): 2 of 3 pass; BREP (labels): 1 of 3 pass, 1 blank." in drawn.alt
    assert drawn.arrays["passed"] == pytest.approx([2 / 3, 1 / 3])
    assert list(drawn.figure.layout.yaxis.ticktext) == ["PPA<br>white box", "BREP<br>labels"]


def test_mean_ranks_by_budget():
    """Where nothing was found, the rank counts as the last, whatever an evaluator says of grey."""
    ranks, reached = np.array([[[3, 1], [9, 9]], [[1, 1], [5, 7]]]), np.ones((2, 2, 2), dtype=bool)
    reached[0, 1, 1] = False
    access = {"PPA": "white box", "BREP": "labels"}
    drawn = ranks_by_budget(ranks, reached, budgets=(20, 60), access=access, classes=40)
    np.testing.assert_allclose(drawn.arrays["PPA"], [2, 1])
    np.testing.assert_allclose(drawn.arrays["BREP"], [24.5, 6])
    assert [trace.name for trace in drawn.figure.data] == ["PPA (white box)", "BREP (labels)"]
    assert len({trace.marker.symbol for trace in drawn.figure.data}) == 2
    assert "with 20, 60 queries for each of 2 people: PPA (white box) 2.0, 1.0; BREP (labels) 24.5, 6.0." in drawn.alt
