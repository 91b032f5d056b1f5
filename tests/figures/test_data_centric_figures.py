"""Chapter 10's dots and walls: shares and intervals are those of the table, words say what is there."""

import numpy as np
import pandas as pd
import pytest

from mia_kit.figures.data_centric import before_and_after, shares_by_defence


def test_a_dot_for_each_row_of_the_table():
    rows = [("none", "ppa", 0.5, 0.3, 0.7), ("none", "gmi", 0.9, 0.8, 1.0), ("dcd without loss", "ppa", 0.2, 0.0, 0.3)]
    shares = pd.DataFrame(rows, columns=["defence", "attack", "value", "low", "high"])
    drawn = shares_by_defence(shares, {"ppa": "PPA", "gmi": "GMI"}, title="dots")
    assert {name: values.tolist() for name, values in drawn.arrays.items()} == {"ppa": [0.5, 0.2], "gmi": [0.9]}
    ppa, gmi = drawn.figure.data
    assert (ppa.name, gmi.name) == ("PPA", "GMI") and ppa.marker.symbol != gmi.marker.symbol
    assert ppa.error_y.array[0] == pytest.approx(0.2) and ppa.error_y.arrayminus[1] == pytest.approx(0.2)
    assert ppa.x[1] - ppa.x[0] == pytest.approx(1) and gmi.x[0] > ppa.x[0]
    assert drawn.figure.layout.xaxis.ticktext[1] == "dcd<br>without<br>loss"
    assert "PPA: none 0.500 [0.300, 0.700], dcd without loss 0.200 [0.000, 0.300]; GMI" in drawn.alt


def test_a_wall_says_how_many_show_the_surrogate():
    pictures = np.zeros((3, 8, 8, 3), dtype=np.uint8)
    nearer = {"undefended": np.array([False, False, True]), "defended": np.array([True, True, True])}
    rows = {"the person": pictures, "undefended": pictures, "defended": pictures}
    drawn = before_and_after(rows, nearer, title="faces")
    assert "3 rows of faces" in drawn.alt
    assert "undefended: 1 of 3 nearer to the surrogate; defended: 3 of 3" in drawn.alt
    assert drawn.arrays["undefended"].tolist() == pytest.approx([1 / 3])
    assert list(drawn.figure.layout.yaxis.ticktext) == list(rows)
