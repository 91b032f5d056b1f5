"""The board of claims: every claim has its mark, where its paper is, in the look of its verdict."""

import numpy as np
import pytest

from mia_kit.experiments.claims import Claim
from mia_kit.figures.claims import LOOKS, scoreboard


def claim(name: str, verdict: str, ours: dict[str, str] | None = None) -> Claim:
    return Claim(name, f"what {name} says", "1 < 2", "01", ours or {}, verdict, "")


CLAIMS = [
    claim("S1", "reproduced", {"course": "a long figure " * 20}),
    claim("S2", "not reproduced"),
    claim("M1", "not run"),
    claim("D1", "reproduced"),
]


def test_every_claim_stands_in_its_paper_s_row():
    drawn = scoreboard(CLAIMS)
    marks = {trace.name: trace for trace in drawn.figure.data}
    assert list(marks) == ["reproduced (2)", "not reproduced (1)", "not run (1)"]
    both = marks["reproduced (2)"]
    assert (list(both.x), list(both.y), list(both.text)) == ([1, 1], [0, 3], ["S1", "D1"])
    assert list(marks["not reproduced (1)"].x) == [2]
    assert len({trace.marker.symbol for trace in drawn.figure.data}) == len(LOOKS)
    np.testing.assert_array_equal(drawn.arrays["reproduced"], [1, 0, 0, 1])
    assert "label smoothing: 1 reproduced, 1 not reproduced, 0 not run" in drawn.alt


def test_hover_has_the_figures_in_short_lines():
    reproduced, failed, _ = scoreboard(CLAIMS).figure.data
    lines = reproduced.hovertext[0].split("<br>")
    assert lines[0] == "S1, reproduced: what S1 says" and lines[1] == "paper: 1 < 2"
    assert lines[2].startswith("course: a long figure") and max(map(len, lines)) <= 70
    assert failed.hovertext[0].endswith("not measured")


def test_an_unknown_verdict_is_refused():
    with pytest.raises(ValueError, match="a verdict must be one of reproduced, .*, got 'perhaps' instead"):
        scoreboard([claim("S1", "perhaps")])
