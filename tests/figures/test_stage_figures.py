"""The figures of chapter 4: who hands in what, which stage changes how much, and how gradients turn."""

import numpy as np
import pandas as pd
import pytest

from mia_kit.figures.stages import STAGES, gradient_turns, stage_changes, swap_wall


def test_wall_counts_hits_and_other_pictures():
    pictures = np.zeros((3, 2, 3, 8, 8), np.uint8)
    pictures[2, 1] = 200
    ranks = np.array([[1, 3], [1, 1], [2, 4]])
    drawn = swap_wall(pictures, ranks, swaps=["hard labels", "a", "b"], names=["p", "q"])
    assert drawn.arrays["hits"].tolist() == [0.5, 1, 0]
    assert drawn.arrays["other_pictures"].tolist() == [0, 0, 0.5]
    assert "b: 0 of 2 hits, 1 other pictures" in drawn.alt


def test_turns_are_drawn_where_their_rows_say():
    rows = pd.DataFrame({"strength": [0.0, -0.2, 0.0, -0.2], "steps": [50, 50, 5, 5], "value": [0.4, 0.1, 0.5, 0.2]})
    drawn = gradient_turns(rows.assign(low=rows["value"] - 0.1, high=rows["value"] + 0.1))
    hard = next(trace for trace in drawn.figure.data if trace.name.startswith("0"))
    assert list(hard.y) == [0.5, 0.4] and hard.x == pytest.approx(np.log10([5, 50]))
    assert drawn.arrays["-0.2"].tolist() == [0.2, 0.1]


def test_changes_stand_at_their_stage():
    rows = pd.MultiIndex.from_product([(-0.05, 0.1), STAGES[::-1]], names=["strength", "stage"]).to_frame(index=False)
    rows["value"] = rows["strength"] * rows["stage"].map(STAGES.index)
    drawn = stage_changes(rows.assign(low=rows["value"] - 0.1, high=rows["value"] + 0.2))
    np.testing.assert_allclose(drawn.arrays["+0.1"], [0, 0.1, 0.2, 0.3])
    shown = next(trace for trace in drawn.figure.data if trace.name == "+0.1")
    assert list(shown.y) == pytest.approx([0, 0.1, 0.2, 0.3])
    assert list(shown.error_y.arrayminus) == pytest.approx([0.1] * 4)
    assert list(np.round(shown.x)) == [0, 1, 2, 3]
    assert "optimisation +0.100 [0.000, 0.300]" in drawn.alt
