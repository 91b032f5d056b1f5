"""The figures of chapter 4: who hands in what, which stage changes how much, and how gradients turn."""

import numpy as np
import pytest

from mia_kit.figures.stages import STAGES, gradient_turns, stage_changes, swap_wall


def test_wall_counts_hits_and_other_pictures():
    pictures = np.zeros((3, 2, 8, 8, 3), np.uint8)
    pictures[2, 1] = 200
    ranks = np.array([[1, 3], [1, 1], [2, 4]])
    drawn = swap_wall(pictures, ranks, swaps=["hard labels", "a", "b"], names=["p", "q"])
    assert drawn.arrays["hits"].tolist() == [0.5, 1, 0]
    assert drawn.arrays["other_pictures"].tolist() == [0, 0, 0.5]
    assert "b: 0 of 2 hits, 1 other pictures" in drawn.alt


def test_turns_leave_the_first_step_out():
    candidates = np.array([[np.nan] * 3, [0.1, 0.2, 0.9], [-0.4, -0.5, -0.6], [-0.2, -0.3, -0.9]])
    medians = np.array([np.nan, 0.5, 0.5, 0.5])
    drawn = gradient_turns({-0.05: candidates, 0.0: medians})
    lines = [trace for trace in drawn.figure.data if trace.mode == "lines+markers"]
    assert list(lines[0].x) == [1, 2, 3] and list(lines[0].y) == [0.2, -0.5, -0.3]
    assert len(drawn.figure.data) == 3  # a band for candidates alone
    assert drawn.arrays["-0.05"] == pytest.approx([-0.4]) and "+0.50" in drawn.alt


def test_changes_stand_at_their_stage():
    table = {
        f"{a:+g} {stage}": {"change": a * n, "low": a * n - 0.1, "high": a * n + 0.2, "by_seed": [a * n]}
        for a in (-0.05, 0.1)
        for n, stage in enumerate(STAGES)
    }
    drawn = stage_changes(table, [-0.05, 0.1])
    np.testing.assert_allclose(drawn.arrays["+0.1"], [0, 0.1, 0.2, 0.3])
    shown = next(trace for trace in drawn.figure.data if trace.name == "+0.1")
    assert list(shown.y) == pytest.approx([0, 0.1, 0.2, 0.3])
    assert list(shown.error_y.arrayminus) == pytest.approx([0.1] * 4) and list(shown.error_y.array) == pytest.approx(
        [0.2] * 4
    )
    assert list(np.round(shown.x)) == [0, 1, 2, 3]
    assert "optimisation +0.100 [0.000, 0.300]" in drawn.alt
