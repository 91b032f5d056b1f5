"""The sliders of chapters 2, 3 and 5: each shows the frame of its factor, and one failure does not stop it."""

import json

import numpy as np
import pandas as pd
import pytest

from mia_kit.figures.embedding import tsne_morph
from mia_kit.figures.leakage import closing_interval
from mia_kit.figures.style import Drawn
from mia_kit.widgets import panel
from mia_kit.widgets.frame_explorer import FrameExplorer

LABELS = np.repeat(np.arange(10), 4)
NAMES = tuple(f"person {number}" for number in range(1, 11))


@pytest.fixture
def drawn():
    random = np.random.default_rng(0)
    maps = {factor: random.uniform(-0.7, 0.7, (40, 2)) for factor in (-0.2, -0.05, 0.0, 0.1)}
    return tsne_morph(maps, LABELS, class_names=NAMES)


def slider(explorer):
    (only,) = explorer.sliders.values()
    return only


def shown(explorer):
    return [(trace.x.tolist(), trace.y.tolist()) for trace in explorer.figure.data]


def frame(drawn, name):
    found = next(frame for frame in drawn.figure.frames if frame.name == name)
    return [(trace.x.tolist(), trace.y.tolist()) for trace in found.data]


def test_first_draw_is_there_at_once(drawn):
    explorer = FrameExplorer(drawn)
    assert slider(explorer).value == "0" and slider(explorer).description == "smoothing factor"
    assert shown(explorer) == frame(drawn, "0")
    assert shown(FrameExplorer(drawn, start="0.1")) == frame(drawn, "0.1")
    assert not explorer.figure.layout.sliders


def test_each_factor_shows_its_own_map(drawn):
    explorer = FrameExplorer(drawn)
    for name in ("0.1", "-0.2", "0", "-0.05"):
        slider(explorer).value = name
        assert shown(explorer) == frame(drawn, name)
    assert explorer.words.value == ""


def test_a_drag_sends_one_message_with_all_groups(drawn, monkeypatch):
    explorer = FrameExplorer(drawn)
    sent = []
    monkeypatch.setattr(explorer.figure, "_send_update_msg", lambda **message: sent.append(message))
    slider(explorer).value = "0.1"
    assert len(sent) == 1 and len(sent[0]["trace_indexes"]) == len(explorer.figure.data)


def test_a_failure_is_told_and_the_next_drag_works(drawn):
    explorer = FrameExplorer(drawn)
    whole = explorer._frames.pop("0.1")
    slider(explorer).value = "0.1"
    assert "cannot be shown (KeyError" in explorer.words.value and 'role="alert"' in explorer.words.value
    slider(explorer).value = "-0.2"
    assert explorer.words.value == "" and shown(explorer) == frame(drawn, "-0.2")
    explorer._frames["0.1"] = whole
    slider(explorer).value = "0.1"
    assert shown(explorer) == frame(drawn, "0.1")


def test_a_still_figure_has_nothing_to_drag(drawn):
    assert not drawn.still.figure.frames and not drawn.still.figure.layout.sliders
    assert drawn.still.figure.data == drawn.figure.data and drawn.still.arrays is drawn.arrays


def test_the_drawn_figure_is_left_as_it_was(drawn):
    before = drawn.figure.to_json()
    slider(FrameExplorer(drawn)).value = "0.1"
    assert drawn.figure.to_json() == before


def test_a_slider_of_its_own_moves_every_trace_and_is_kept_place_by_place():
    rows = pd.DataFrame(
        {"people": [4, 20, 80], "value": [0.1, 0.2, 0.3], "low": [0, 0.1, 0.25], "high": [0.2, 0.3, 0.4]}
    )
    closing = closing_interval(rows, of="a difference")
    explorer = FrameExplorer(closing)
    assert slider(explorer).description == "people" and slider(explorer).value == "4"
    slider(explorer).value = "80"
    assert list(explorer.figure.data[0].x) == [4, 20, 80]
    kept = panel.record([panel.Control.of(slider(explorer))], explorer.words, explorer.figure, (0, 1))
    assert kept["views"]["1"]["traces"]["0"] == {"x": [4.0, 20.0], "y": [0.1, 0.2]}
    json.dumps(kept)


def test_what_does_not_fit_is_refused(drawn):
    with pytest.raises(ValueError, match=r"one of -0.2, -0.05, 0, 0.1, got '0.3' instead"):
        FrameExplorer(drawn, start="0.3")
    still = Drawn(type(drawn.figure)(drawn.figure.data), "", {})
    with pytest.raises(ValueError, match="must have frames and a slider"):
        FrameExplorer(still)


def test_a_missing_package_gives_the_command_that_installs_it(drawn, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ipywidgets", None)
    with pytest.raises(ImportError, match=r'pip install "mia_kit\[lab\]"'):
        FrameExplorer(drawn)
