"""The board of claims: every world has its mark, where its paper is, in the look of its verdict."""

from types import SimpleNamespace

import numpy as np
import pytest

from mia_kit.figures.claims import LOOKS, STEP, scoreboard
from mia_kit.runs.claims import WORDS


def row(name: str, *words: str, sentence: str = "drawn people: what it showed") -> SimpleNamespace:
    """A claim with its marks."""
    claim = SimpleNamespace(id=name, claim=f"what {name} says", paper="1 < 2")
    return SimpleNamespace(claim=claim, marks=[(word, sentence) for word in words])


ROWS = [
    row("S1", "reproduced", "absent", sentence="a long figure " * 20 + "; and a part"),
    row("S2", "cannot tell"),
    row("S23", "absent"),
    row("M1", "not measured yet"),
    row("D1", "reproduced"),
]


def test_every_word_has_a_look_of_its_own() -> None:
    assert set(WORDS) <= set(LOOKS) and len(set(LOOKS.values())) == len(LOOKS)
    assert len({symbol for _, symbol in LOOKS.values()}) == len(LOOKS), "shapes tell them apart without colours"


def test_every_world_stands_below_the_other_in_its_papers_row() -> None:
    drawn = scoreboard(ROWS)
    marks = {trace.name: trace for trace in drawn.figure.data}
    assert list(marks) == ["reproduced (2)", "absent (2)", "cannot tell (1)", "not measured yet (1)"]
    both = marks["reproduced (2)"]
    assert (list(both.x), list(both.y), list(both.text)) == ([1, 1], [0, 3], ["1", "1"])
    second = marks["absent (2)"]
    assert (list(second.x), list(second.y), list(second.text)) == ([1, 1], [STEP, 1], ["", "23"])
    np.testing.assert_array_equal(drawn.arrays["reproduced"], [1, 0, 0, 1, 0])
    assert "(S): 1 reproduced, 1 absent, 1 cannot tell; ours, later work (S): 1 absent; membership" in drawn.alt


def test_hover_is_in_short_lines_and_every_word_must_have_a_look() -> None:
    assert max(map(len, scoreboard(ROWS).figure.data[0].hovertext[0].split("<br>"))) <= 70
    with pytest.raises(ValueError, match="a verdict must be one of reproduced, .*, got 'perhaps' instead"):
        scoreboard([row("S1", "perhaps")])
