"""The helper that pins figures: it must notice what changed, and say so."""

import io
import json

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image

from mia_kit.figures import reproduce
from mia_kit.figures.style import Drawn


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(reproduce, "REFERENCES", tmp_path)
    (tmp_path / "9.9.json").write_text(json.dumps({"curve": [1.0, 2.0, 400.0]}))
    return Drawn(go.Figure(go.Scatter(y=[1, 2])), "a rising line", {"curve": np.array([1.0, 2.0, 400.0])})


def test_same_numbers(drawn, capsys):
    reproduce.check("9.9", drawn, tolerance=0.01)
    assert capsys.readouterr().out == "figure 9.9 reproduced (tolerance 0.01)\n"


def test_tolerance_is_relative_to_the_greatest_value_and_nothing_else_passes(drawn):
    drawn.arrays["curve"][2] = 403.9
    reproduce.check("9.9", drawn, tolerance=0.01)
    for value in (404.1, np.nan):
        drawn.arrays["curve"][2] = value
        with pytest.raises(reproduce.NotReproduced, match="curve is off by"):
            reproduce.check("9.9", drawn, tolerance=0.01)
    drawn.arrays["curve"] = np.array([1.0, 2.0])
    with pytest.raises(reproduce.NotReproduced, match="off by inf"):
        reproduce.check("9.9", drawn, tolerance=0.01)
    drawn.arrays["other"] = drawn.arrays.pop("curve")
    with pytest.raises(reproduce.NotReproduced, match="missing in the figure"):
        reproduce.check("9.9", drawn, tolerance=0.01)
    with pytest.raises(reproduce.NotReproduced, match="renew them with: mia-kit notebooks --references"):
        reproduce.check("9.8", drawn, tolerance=0.01)


def test_update_writes_what_check_then_accepts(drawn, monkeypatch):
    drawn.arrays["curve"] = np.array([5.0, 6.0])
    monkeypatch.setenv("MIA_KIT_REFERENCES", "update")
    reproduce.check("9.9", drawn, tolerance=0.01)
    monkeypatch.delenv("MIA_KIT_REFERENCES")
    reproduce.check("9.9", drawn, tolerance=0.0)


@pytest.fixture
def shown(monkeypatch):
    """What `display` was given, and the metadata."""
    given = []
    monkeypatch.setattr("IPython.display.display", lambda what, **more: given.append((what, more.get("metadata"))))
    return given


def test_show_carries_the_figure_and_its_words(drawn, shown):
    reproduce.show("9.9", drawn)
    (bundle, metadata), (words, _) = shown
    assert reproduce.PLOTLY in bundle and "image/png" not in bundle
    assert metadata["image/png"]["alt"] == "a rising line" and "a rising line" in words.data
    assert drawn.figure.layout.title.text is None  # the caller's figure stays as it was


@pytest.mark.parametrize(("trace", "mode"), [(go.Image(z=[[[0, 0, 0]]]), "P"), (go.Scatter(), "RGB")])
def test_twin_fits_a_notebook_s_page_and_faces_get_256_colours(monkeypatch, trace, mode):
    """JupyterLab shows it pixel for pixel before a cell is run; faces in all colours would make megabytes."""
    content, asked = io.BytesIO(), {}
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)).save(content, "png")
    to_image = lambda self, kind, **options: asked.update(options) or content.getvalue()  # noqa: E731
    monkeypatch.setattr(go.Figure, "to_image", to_image)
    twin = Image.open(io.BytesIO(reproduce._png(go.Figure(trace))))
    assert (twin.mode, asked["width"] * asked["scale"]) == (mode, 840)


def test_photographs_are_shown_but_not_stored(drawn, shown, monkeypatch):
    reproduce.show_photographs(drawn)
    monkeypatch.setenv("MIA_KIT_STATIC", "1")
    reproduce.show_photographs(drawn)
    (live, _), (stored, _) = shown
    assert reproduce.PLOTLY in live
    assert "not stored with the notebook" in stored.data and "a rising line" in stored.data


def test_a_figure_of_evidence_is_stored_as_a_picture_with_words(drawn, shown, monkeypatch):
    monkeypatch.setattr(reproduce, "_png", lambda figure, scale: b"picture")
    reproduce.show_measured(drawn)
    monkeypatch.setenv("MIA_KIT_STATIC", "1")
    reproduce.show_measured(drawn)
    (live, _), (stored, metadata) = shown
    assert reproduce.PLOTLY in live and reproduce.PLOTLY not in stored and stored["image/png"]
    assert metadata["image/png"]["alt"] == live["text/plain"] == drawn.alt
