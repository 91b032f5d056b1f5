"""The laboratory of faces in Python: the table fits its sheet, frames are sent."""

import base64
import io
import json

import numpy as np
from PIL import Image

from mia_kit.widgets import faces_lab
from mia_kit.widgets.faces_lab import FacesLab, LineUp
from mia_kit.widgets.panel import FACES_MIME


def test_the_table_has_a_row_for_every_place_and_the_sheet_a_tile_for_every_face():
    table = json.loads(faces_lab.TABLE)
    places = [(row["factor"], row["loss"], row["steps"]) for row in table["rows"]]
    assert places == [(a, loss, n) for a in table["factors"] for loss in table["losses"] for n in table["steps"]]
    assert all(len(row["ranks"]) == len(table["people"]) for row in table["rows"])
    sheet = Image.open(io.BytesIO(faces_lab.SHEET))
    assert sheet.size == (len(table["people"]) * table["tile"], (1 + len(table["rows"])) * table["tile"])
    assert len(faces_lab.SHEET) + len(faces_lab.TABLE) < 3e6
    starts = {}  # before the first step all losses have the same face
    for row in table["rows"]:
        if row["steps"] == 0:
            assert starts.setdefault(row["factor"], (row["ranks"], row["hits"])) == (row["ranks"], row["hits"])


def test_a_live_attack_sends_its_frames(monkeypatch):
    def live(factor, loss, people):
        assert (factor, loss) == (-0.2, "logit")
        for step in (0, 2):
            yield step, 2, np.full((len(people), 64, 64, 3), step, np.uint8), np.arange(len(people)) + 1

    lab, sent = FacesLab(live=live), []
    monkeypatch.setattr(lab, "send", lambda content, buffers=(): sent.append((content, list(buffers))))
    lab._handle_custom_msg({"type": "attack", "factor": -0.2, "loss": "logit"}, [])  # as the browser does
    lab.thread.join(timeout=60)
    first, second, end = sent
    assert first[0] == {"type": "frame", "step": 0, "steps": 2, "ranks": list(range(1, 13))}
    pixels = np.frombuffer(second[1][0], np.uint8).reshape(12, 64, 64, 4)
    assert (pixels[..., :3] == 2).all() and (pixels[..., 3] == 255).all()
    assert end[0] == {"type": "done"}


def test_without_a_function_nothing_is_attacked():
    lab = FacesLab()
    lab._handle_custom_msg({"type": "attack", "factor": 0.0, "loss": "logit"}, [])
    assert not lab.has_kernel and lab.thread is None


def test_a_stored_notebook_shows_faces_instead(monkeypatch):
    monkeypatch.setenv("MIA_KIT_STATIC", "1")
    bundle = FacesLab("factor=-0.20 loss=logit steps=50")._repr_mimebundle_()
    assert bundle[FACES_MIME]["state"] == "factor=-0.20 loss=logit steps=50"
    picture = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"])))
    table = json.loads(faces_lab.TABLE)
    assert picture.size == (faces_lab.MARGIN + len(table["people"]) * table["tile"], 5 * table["tile"])
    assert LineUp()._repr_mimebundle_()[FACES_MIME] == {"line_up": True}
