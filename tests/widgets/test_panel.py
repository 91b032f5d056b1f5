"""A widget driven through all its places leaves what it showed at each, and stands where it stood."""

import pandas as pd
import pytest

from mia_kit.figures.leakage import closing_interval
from mia_kit.widgets import panel
from mia_kit.widgets.frame_explorer import FrameExplorer
from mia_kit.widgets.sliders import Sliders


class Pairs(Sliders):
    def __init__(self, guess: panel.Guess | None = None) -> None:
        letters, numbers = [("a", 0), ("b", 1)], [("1", 1), ("2", 2), ("3", 3)]
        super().__init__({"letter": (letters, 1), "number": (numbers, 2)}, guess=guess)

    def _show(self, place: tuple[int, int]) -> str:
        return f"{'ab'[place[0]]}{place[1]}"


@pytest.fixture
def displayed(monkeypatch):
    """What `display` was given."""
    shown: list = []
    monkeypatch.setattr("IPython.display.display", lambda what, **_: shown.append(what))
    return shown


def test_for_commit_every_place_is_kept_and_the_widget_put_back(displayed, monkeypatch):
    monkeypatch.delenv("MIA_KIT_STATIC", raising=False)
    pairs = Pairs()
    pairs._ipython_display_()
    assert displayed.pop() == pairs.box
    monkeypatch.setenv("MIA_KIT_STATIC", "1")
    pairs._ipython_display_()
    kept = displayed[0][panel.MIME]
    assert [tuple(one.values()) for one in kept["controls"]] == [
        ("letter", ["a", "b"], 1),
        ("number", ["1", "2", "3"], 1),
    ]
    assert {place: view["html"] for place, view in kept["views"].items()} == {
        "0,0": "a1", "0,1": "a2", "0,2": "a3", "1,0": "b1", "1,1": "b2", "1,2": "b3"
    }  # fmt: skip
    assert pairs.words.value == "b2" and kept["figure"] is None
    assert displayed[0]["text/plain"] == panel.SENTENCE


def test_the_laboratory_keeps_its_state_line(monkeypatch):
    from mia_kit.widgets.smoothing_lab import SmoothingLab

    lab = SmoothingLab()
    monkeypatch.setenv("MIA_KIT_STATIC", "1")
    assert lab._repr_mimebundle_()[panel.LAB_MIME] == {"state": lab.state}
    monkeypatch.delenv("MIA_KIT_STATIC")
    assert panel.LAB_MIME not in str(lab._repr_mimebundle_())


def test_a_guess_unlocks_the_sliders_and_stays_in_sight(displayed, monkeypatch):
    pairs = Pairs(panel.Guess("Which letter <first>?", ("a", "b & c")))
    assert all(slider.disabled for slider in pairs.sliders.values())
    assert "&lt;first&gt;" in pairs.guessed.value and pairs.guessed in pairs.box.children
    pairs.answers.value = "b & c"
    assert not any(slider.disabled for slider in pairs.sliders.values()) and pairs.answers.disabled
    assert "Your guess: b &amp; c." in pairs.guessed.value
    pairs.sliders["number"].value = 3
    assert "Your guess: b &amp; c." in pairs.guessed.value and pairs.words.value == "b3"
    monkeypatch.setenv("MIA_KIT_STATIC", "1")
    pairs._ipython_display_()
    assert displayed[0][panel.MIME]["guess"] == {"question": "Which letter <first>?", "answers": ("a", "b & c")}
    assert Pairs().answers not in Pairs().box.children


def test_a_guess_stays_in_the_figure():
    rows = pd.DataFrame({"people": [4, 80], "value": [0.1, 0.3], "low": [0, 0.25], "high": [0.2, 0.4]})
    drawn = closing_interval(rows, of="a difference")
    explorer = FrameExplorer(drawn, guess=panel.Guess("Which?", ("tighter", "looser")))
    explorer.answers.value = "looser"
    explorer.sliders["people"].value = "80"
    assert [note.text for note in explorer.figure.layout.annotations] == ["your guess: looser"]
