"""The sliders of chapters 2, 3 and 5: each shows the frame of its factor, and one failure does not stop it."""

import numpy as np
import pandas as pd
import pytest

from mia_kit.figures.embedding import tsne_morph
from mia_kit.figures.leakage import closing_interval
from mia_kit.figures.style import Drawn
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


def test_each_factor_shows_its_own_map_and_the_drawn_figure_is_left_as_it_was(drawn):
    explorer, before = FrameExplorer(drawn), drawn.figure.to_json()
    assert slider(explorer).value == "0" and slider(explorer).description == "smoothing factor"
    assert shown(explorer) == frame(drawn, "0") and not explorer.figure.layout.sliders
    for name in ("0.1", "-0.2", "0", "-0.05"):
        slider(explorer).value = name
        assert shown(explorer) == frame(drawn, name)
    assert explorer.words.value == "" and drawn.figure.to_json() == before


def test_a_failure_is_told_and_the_next_drag_works(drawn):
    explorer = FrameExplorer(drawn)
    explorer._frames.pop("0.1")
    slider(explorer).value = "0.1"
    assert "cannot be shown (KeyError" in explorer.words.value and 'role="alert"' in explorer.words.value
    slider(explorer).value = "-0.2"
    assert explorer.words.value == "" and shown(explorer) == frame(drawn, "-0.2")


def test_a_slider_of_its_own_moves_every_trace_and_is_kept_place_by_place():
    rows = pd.DataFrame({"people": [4, 20, 80], "value": [0.1, 1 / 3, 0.3]})
    explorer = FrameExplorer(closing_interval(rows.assign(low=0.0, high=0.4), of="a difference"))
    assert slider(explorer).description == "people" and slider(explorer).value == "4"
    slider(explorer).value = "80"
    assert list(explorer.figure.data[0].x) == [4, 20, 80]
    kept = explorer.record()
    assert kept["views"]["1"]["traces"]["0"] == {"x": [4.0, 20.0], "y": [0.1, 0.333]}


def test_what_does_not_fit_is_refused(drawn):
    still = Drawn(type(drawn.figure)(drawn.figure.data), "", {})
    with pytest.raises(ValueError, match="must have frames and a slider"):
        FrameExplorer(still)


def test_a_missing_package_gives_the_command_that_installs_it(drawn, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ipywidgets", None)
    with pytest.raises(ImportError, match=r'pip install "mia_kit\[lab\]"'):
        FrameExplorer(drawn)
