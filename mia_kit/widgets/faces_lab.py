"""The laboratory of faces of chapters 3 and 5: drag the smoothing factor, the steps and the attacker's loss.

Twelve faces of people who do not exist change beside the truth, and what the judges say of eighty people moves along.
The browser reads a sheet of faces and a table of numbers that `data_scripts/ship_drawn.py` wrote from a measured seed;
no drag waits for Python. "Attack live" lets a function of the notebook walk the same attack now.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterator
from importlib import resources
from typing import Any

import numpy as np

from mia_kit.widgets import client
from mia_kit.widgets.live import Laboratory, traitlets
from mia_kit.widgets.panel import FACES_MIME

ALT = (
    "Twelve drawn people; below each what an attacker with cross-entropy has after the last step, from targets with "
    "the factors +0.10, 0, -0.05 and -0.20"
)
SHOWN = (0.1, 0.0, -0.05, -0.2)  # factors of the static picture
TABLE = client.read_asset("faces_lab.json")
SHEET = (resources.files("mia_kit.widgets") / "faces_lab.webp").read_bytes()  # of faces
MARGIN = 72  # pixels for the names of the rows of the static picture
START = "factor=+0.00 loss=cross_entropy steps=0"
# From (factor, loss, numbers of the people) to frames: step, steps, uint8 faces (n, tile, tile, 3), ranks (n,).
Frames = Iterator[tuple[int, int, np.ndarray, np.ndarray]]
Live = Callable[[float, str, list[int]], Frames]


def static_picture() -> str:
    """The truth and the last reconstructions for some factors, row by row: a PNG in base64, for a stored notebook."""
    from PIL import Image, ImageDraw

    table = json.loads(TABLE)
    tile, looks, losses = table["tile"], len(table["steps"]), table["losses"]
    sheet = Image.open(io.BytesIO(SHEET)).convert("RGB")
    rows = {"person": 0}
    for factor in SHOWN:
        target = table["factors"].index(factor) * len(losses) + losses.index("cross_entropy")
        rows[f"{factor:+.2f}"] = 1 + target * looks + looks - 1
    picture = Image.new("RGB", (MARGIN + sheet.width, tile * len(rows)), "white")
    pen = ImageDraw.Draw(picture)
    for place, (name, row) in enumerate(rows.items()):
        picture.paste(sheet.crop((0, row * tile, sheet.width, (row + 1) * tile)), (MARGIN, place * tile))
        pen.text((4, (place + 0.4) * tile), name, fill="black", font_size=16)
    encoded = io.BytesIO()
    picture.save(encoded, "PNG", optimize=True)
    return base64.b64encode(encoded.getvalue()).decode()


class Faces(Laboratory):
    """A widget with the table and the sheet."""

    _css = client.read_asset("lab.css") + client.read_asset("faces_lab.css")

    table = traitlets.Unicode(read_only=True).tag(sync=True)
    sheet = traitlets.Bytes(read_only=True).tag(sync=True)

    def __init__(self) -> None:
        super().__init__()
        self.set_trait("table", TABLE)
        self.set_trait("sheet", SHEET)


class FacesLab(Faces):
    """The laboratory. Put it last in a cell; read `lab.state` and `lab.guess` in the next one.

    state : a line such as "factor=-0.20 loss=cross_entropy steps=50", both ways; assigning a bad one shows a sentence
    live : called by "Attack live" in a thread of its own with factor, loss and the people's numbers; yields frames.
        Without it there is no live attack
    guess : "more", "equal" or "fewer", the learner's prediction, which unlocks the sliders; empty before
    """

    _esm = client.script("faces_lab.js") + "\nexport default { render };\n"

    has_kernel = traitlets.Bool(False, read_only=True).tag(sync=True)
    state = traitlets.Unicode(START).tag(sync=True)
    guess = traitlets.Enum(["", "more", "equal", "fewer"], default_value="").tag(sync=True)

    def __init__(self, state: str = START, *, live: Live | None = None) -> None:
        self._live = live
        super().__init__()
        self.set_trait("has_kernel", live is not None)
        self.state = state
        self.on_msg(self._answer)

    def stored(self) -> dict[str, Any]:
        """What a page without a kernel needs beside the table and the sheet, and a picture."""
        return {FACES_MIME: self.payload(), "image/png": static_picture(), "text/plain": ALT}

    def payload(self) -> dict[str, Any]:
        """The values of the widget on a page without a kernel."""
        return {"state": self.state, "guess": "", "has_kernel": False}

    def _answer(self, _: Any, message: dict[str, Any], __: Any) -> None:
        if message.get("type") == "attack" and self._live is not None:
            self.work(self._show, self._live, float(message["factor"]), str(message["loss"]), what="The attack")

    def _show(self, live: Live, factor: float, loss: str) -> None:
        """Send each frame."""
        for step, steps, faces, ranks in live(factor, loss, json.loads(self.table)["people"]):
            opaque = np.full((*faces.shape[:3], 1), 255, np.uint8)
            message = {"type": "frame", "step": step, "steps": steps, "ranks": [int(rank) for rank in ranks]}
            self.send(message, buffers=[np.concatenate([faces, opaque], axis=3).tobytes()])
        self.send({"type": "done"})


class LineUp(Faces):
    """The learner as judge: twelve reconstructions, six people each to choose from; hits beside the evaluator's."""

    _esm = client.script("faces_line_up.js") + "\nexport default { render: renderLineUp };\n"

    def stored(self) -> dict[str, Any]:
        """A mark for the pages of the site, and words."""
        words = "A line-up: twelve rounds, in each a reconstruction and six people. Run the cell to be the judge."
        return {FACES_MIME: {"line_up": True}, "text/plain": words}
