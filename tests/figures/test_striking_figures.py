"""The figures of chapter 8 draw their table: a gradient that is gone has a place, a difference its interval."""

import numpy as np
import pandas as pd

from mia_kit.figures.leakage import LOSSES
from mia_kit.figures.striking import LEAST, attacked_wall, differences, gradients_on_the_way


def test_a_gradient_that_is_gone_is_drawn_at_the_bottom_and_every_loss_has_its_colour():
    rows = [
        (factor, share, loss, 0.0 if (loss, factor, share) == ("cross_entropy", -0.2, 1.0) else 10.0)
        for factor in (0.0, -0.2)
        for loss in ("cross_entropy", "logit")
        for share in (0.0, 1.0)
    ]
    drawn = gradients_on_the_way(pd.DataFrame(rows, columns=["strength", "share", "loss", "value"]))
    np.testing.assert_allclose(drawn.arrays["cross_entropy -0.2"], [1, np.log10(LEAST)])
    assert {trace.name for trace in drawn.figure.data} == {LOSSES[loss][0] for loss in ("cross_entropy", "logit")}
    assert len({(trace.name, trace.line.color) for trace in drawn.figure.data}) == 2
    assert "−0.2, cross-entropy: 1e+01 to 1e-24" in drawn.alt


def test_differences_keep_their_intervals():
    table = pd.DataFrame({"name": ["a", "b"], "value": [0.1, -0.2], "low": [-0.1, -0.3], "high": [0.2, 0.0]})
    drawn = differences(table, title="Changes")
    (dots,) = drawn.figure.data
    np.testing.assert_allclose(dots.error_x.arrayminus, [0.2, 0.1])
    assert "a +0.100 [-0.100, +0.200]; b -0.200" in drawn.alt


def test_a_wall_tells_how_far_each_attack_moved():
    pictures = np.zeros((2, 3, 3, 8, 8), dtype=np.uint8)
    pictures[1] = 51
    drawn = attacked_wall(pictures, rows=["start", "margin"], columns=["a", "b", "c"])
    np.testing.assert_allclose(drawn.arrays["moved"], [0, 0.2])
    assert "start 0.000; margin 0.200" in drawn.alt
