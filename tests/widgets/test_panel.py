"""A widget driven through all its places leaves what it showed at each, and stands where it stood."""

import numpy as np
import plotly.graph_objects as go
import pytest

from mia_kit.widgets import panel
from mia_kit.widgets.faces import FaceSliders, Stops


class Pairs(FaceSliders):
    def __init__(self) -> None:
        letters = [("a", 0), ("b", 1)]
        super().__init__(stops={"letter": Stops(letters, 1), "number": Stops([("1", 1), ("2", 2), ("3", 3)], 2)})

    def _draw(self, chosen: tuple[int, int]) -> str:
        return f"{'ab'[chosen[0]]}{chosen[1]}"


@pytest.fixture
def displayed(monkeypatch):
    """What `display` was given."""
    shown: list = []
    monkeypatch.setattr("IPython.display.display", lambda what, **_: shown.append(what))
    return shown


def test_without_commit_the_widget_itself_is_shown(displayed, monkeypatch):
    monkeypatch.delenv("MIA_KIT_STATIC", raising=False)
    pairs = Pairs()
    pairs._ipython_display_()
    assert displayed == [pairs._box]


def test_for_commit_every_place_is_kept_and_the_widget_put_back(displayed, monkeypatch):
    monkeypatch.setenv("MIA_KIT_STATIC", "1")
    pairs = Pairs()
    pairs._ipython_display_()
    kept = displayed[0][panel.MIME]
    assert [(one["label"], one["options"], one["start"], one["slides"]) for one in kept["controls"]] == [
        ("letter", ["a", "b"], 1, True),
        ("number", ["1", "2", "3"], 1, True),
    ]
    assert {place: view["html"] for place, view in kept["views"].items()} == {
        "0,0": "a1", "0,1": "a2", "0,2": "a3", "1,0": "b1", "1,1": "b2", "1,2": "b3"
    }  # fmt: skip
    assert pairs.faces.value == "b2" and kept["figure"] is None
    assert displayed[0]["text/plain"] == panel.SENTENCE


def test_moved_traces_are_kept_as_plain_numbers():
    import ipywidgets

    figure = go.FigureWidget([go.Scatter(x=[0], y=[0]), go.Scatter(x=np.zeros(2), y=np.zeros(2))])
    words, choice = ipywidgets.HTML(), ipywidgets.Dropdown(options=["one", "two"], description="which")

    def turn(change):
        words.value = change["new"]
        figure.data[1].update(x=np.full(2, choice.index / 3), y=[1, 2])

    choice.observe(turn, names="value")
    kept = panel.record([panel.Control.of(choice)], words, figure, [1])
    assert kept["views"]["1"] == {"html": "two", "traces": {"1": {"x": [0.333, 0.333], "y": [1.0, 2.0]}}}
    assert kept["views"]["0"]["html"] == "one" and not kept["controls"][0]["slides"]
    assert len(kept["figure"]["data"]) == 2


def test_the_laboratory_keeps_its_state_line(monkeypatch):
    from mia_kit.widgets import SmoothingLab

    lab = SmoothingLab()
    monkeypatch.setenv("MIA_KIT_STATIC", "1")
    assert lab._repr_mimebundle_()[panel.LAB_MIME] == {"state": lab.state}
    monkeypatch.delenv("MIA_KIT_STATIC")
    assert panel.LAB_MIME not in str(lab._repr_mimebundle_())
