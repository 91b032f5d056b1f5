"""The figures of chapter 9: what is drawn is what was measured, and said in words."""

import numpy as np
import pandas as pd
import pytest

from mia_kit.figures.poisoning import LEAST_DISTORTION, poison_table, trade_off, vectors_map
from mia_kit.figures.style import Drawn
from mia_kit.metrics import Interval


def hits(count: int) -> np.ndarray:
    return np.arange(20) < count


def symbols(drawn: Drawn) -> list[str]:
    return [trace.marker.symbol for trace in drawn.figure.data if "markers" in trace.mode]


def test_trade_off_shows_no_defence_at_the_left_end_and_joins_strengths() -> None:
    points = {"none": (0.0, hits(18)), "LPA 0.02": (0.02, hits(6)), "LPA 0.2": (0.2, hits(4)), "MID": (0.1, hits(12))}
    drawn = trade_off(points, chance=0.2, lines={"LPA": ["LPA 0.02", "LPA 0.2"]})
    lpa, none, mid = drawn.figure.data
    assert lpa.name == "LPA" and list(lpa.x) == [0.02, 0.2] and list(lpa.y) == [0.3, 0.2]
    assert list(none.x) == [LEAST_DISTORTION] and list(none.y) == [0.9] and mid.name == "MID"
    assert len(set(symbols(drawn))) == 3 and none.error_y.array[0] > 0 and none.error_y.arrayminus[0] > 0
    assert "chance is 0.20" in drawn.alt and "MID 0.60 at 0.1" in drawn.alt
    many = trade_off({str(place): (0.1, hits(place)) for place in range(14)}, chance=0.5)
    assert len(set(symbols(many))) == 14


def test_vectors_are_shown_twice_with_the_detector_beside() -> None:
    points = np.arange(40.0).reshape(20, 2)
    drawn = vectors_map(points, points + 100, Interval(0.91, 0.88, 0.94))
    clean, poisoned, *rest = drawn.figure.data
    assert len(rest) == 2 and len(clean.x) == len(poisoned.x) == 10 and clean.x[0] == 0 and poisoned.x[0] == 20
    assert clean.marker.symbol != poisoned.marker.symbol
    assert "0.91 [0.88, 0.94]" in drawn.figure.layout.title.text and "0.91 [0.88, 0.94]" in drawn.alt
    assert drawn.arrays["detector"] == pytest.approx([0.91])


def test_table_has_every_row_with_its_loss() -> None:
    columns = ["row", "measure", "value", "low", "high", "loss", "by_seed"]
    kinds, entries = ("attack_accuracy", "error"), []
    for name, share, loss in (("none", 0.9, 0.0), ("LFP", 0.7, 0.031)):
        entries += [(name, kind, share, share - 0.05, share + 0.05, loss, [share, share + 0.01]) for kind in kinds]
    drawn = poison_table(pd.DataFrame(entries, columns=columns), chance=0.2, pictures="MNIST")
    assert list(drawn.figure.layout.yaxis.ticktext) == ["none · loses 0.0%", "LFP · loses 3.1%"]
    np.testing.assert_allclose(drawn.arrays["attack accuracy"], [0.9, 0.7])
    assert "none 0.900 and 0.900; LFP 0.700 and 0.700." in drawn.alt
    assert drawn.figure.layout.title.text.startswith("MNIST:") and drawn.alt.startswith("MNIST:")
    crosses, dots = drawn.figure.data[:2]
    assert list(crosses.y) == [0, 0, 1, 1] and list(crosses.x) == [0.9, 0.91, 0.7, 0.71] and list(dots.x) == [0.9, 0.7]
    assert [trace.showlegend for trace in drawn.figure.data] == [None, None, False, False]
