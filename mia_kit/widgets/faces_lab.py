"""The laboratory of faces of chapters 3 and 5: drag the smoothing factor, the steps and the attacker's loss.

Twelve faces of people who do not exist change beside the truth, and what the judges say of eighty people moves along.
The browser reads a sheet of faces and a table of numbers that `data_scripts/ship_drawn.py` wrote from a measured seed;
no drag waits for Python. "Attack live" lets a function of the notebook walk the same attack now.
"""

from __future__ import annotations

import base64
import io
import json
import os
import threading
from collections.abc import Callable, Iterator
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from mia_kit.widgets import client
from mia_kit.widgets.panel import FACES_MIME

try:
    import anywidget
    import traitlets
except ImportError as problem:
    raise ImportError(
        'The laboratory of faces needs anywidget. Install it with: pip install "mia-kit[lab]"'
    ) from problem

ALT = (
    "Twelve drawn people; below each what an attacker with cross-entropy has after the last step, from targets with "
    "the factors +0.10, 0, -0.05 and -0.20"
)
MARGIN = 72  # pixels for the names of the rows of the static picture
START = "factor=+0.00 loss=cross_entropy steps=0"
# From (factor, loss, numbers of the people) to frames: step, steps, uint8 faces (n, tile, tile, 3), ranks (n,).
Frames = Iterator[tuple[int, int, np.ndarray, np.ndarray]]
Live = Callable[[float, str, list[int]], Frames]


@cache
def read_table() -> str:
    """The table of numbers as JSON."""
    return (resources.files("mia_kit.widgets") / "faces_lab.json").read_text(encoding="utf-8")


@cache
def read_sheet() -> bytes:
    """The sheet of faces, a WebP picture."""
    return (resources.files("mia_kit.widgets") / "faces_lab.webp").read_bytes()


def script(*others: str) -> str:
    """The laboratory and the line-up as one module without exports, followed by the files named in `more`."""
    names = ("faces_lab.js", "faces_line_up.js", *others)
    return client.join_modules([(name, client.read_asset(name)) for name in names])


def static_picture(factors: tuple[float, ...] = (0.1, 0.0, -0.05, -0.2), loss: str = "cross_entropy") -> str:
    """The truth and the last reconstructions for some factors, row by row: a PNG in base64, for a stored notebook."""
    from PIL import Image, ImageDraw

    table = json.loads(read_table())
    tile, looks, losses = table["tile"], len(table["steps"]), table["losses"]
    sheet = Image.open(io.BytesIO(read_sheet())).convert("RGB")
    rows = [0] + [
        1 + (table["factors"].index(factor) * len(losses) + losses.index(loss)) * looks + looks - 1
        for factor in factors
    ]
    picture = Image.new("RGB", (MARGIN + sheet.width, tile * len(rows)), "white")
    pen = ImageDraw.Draw(picture)
    names = ["person", *(f"{factor:+.2f}" for factor in factors)]
    for place, (row, name) in enumerate(zip(rows, names, strict=True)):
        picture.paste(sheet.crop((0, row * tile, sheet.width, (row + 1) * tile)), (MARGIN, place * tile))
        pen.text((4, (place + 0.4) * tile), name, fill="black", font_size=16)
    encoded = io.BytesIO()
    picture.save(encoded, "PNG", optimize=True)
    return base64.b64encode(encoded.getvalue()).decode()


class FacesLab(anywidget.AnyWidget):
    """The laboratory. Put it last in a cell; read `lab.state` and `lab.guess` in the next one.

    Parameters
    ----------
    state : a line such as "factor=-0.20 loss=cross_entropy steps=50"; assigning a bad one shows a sentence
    live : called by "Attack live" in a thread of its own with factor, loss and the people's numbers; yields frames.
        Without it there is no live attack
    predict_first : the sliders stay locked until the learner has placed a guess

    Attributes
    ----------
    state : the state line, both ways
    guess : "more", "equal" or "fewer", the learner's prediction; empty before
    """

    _esm = script() + "\nexport default { render };\n"
    _css = client.read_asset("lab.css") + client.read_asset("faces_lab.css")

    table = traitlets.Unicode(read_only=True).tag(sync=True)
    sheet = traitlets.Bytes(read_only=True).tag(sync=True)
    has_kernel = traitlets.Bool(False, read_only=True).tag(sync=True)
    predict_first = traitlets.Bool(True).tag(sync=True)
    state = traitlets.Unicode(START).tag(sync=True)
    guess = traitlets.Enum(["", *("more", "equal", "fewer")], default_value="").tag(sync=True)

    def __init__(self, state: str = START, *, live: Live | None = None, predict_first: bool = True) -> None:
        self._live = live
        self._attack: threading.Thread | None = None
        super().__init__()
        self.set_trait("table", read_table())
        self.set_trait("sheet", read_sheet())
        self.set_trait("has_kernel", live is not None)
        self.state, self.predict_first = state, predict_first
        self.on_msg(self._answer)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        if os.environ.get("MIA_KIT_STATIC") == "1":
            return {FACES_MIME: self.payload(), "image/png": static_picture(), "text/plain": ALT}
        return super()._repr_mimebundle_(**options)

    def payload(self) -> dict[str, Any]:
        """What a page without a kernel needs beside the table and the sheet."""
        return {"state": self.state, "predict_first": self.predict_first, "guess": "", "has_kernel": False}

    def _answer(self, _: Any, message: dict[str, Any], __: Any) -> None:
        """Attack in a thread of its own, so that the notebook's cells still run; one attack at a time."""
        if message.get("type") != "attack" or self._live is None or (self._attack and self._attack.is_alive()):
            return
        self._attack = threading.Thread(
            target=self._show, args=(self._live, float(message["factor"]), str(message["loss"])), daemon=True
        )
        self._attack.start()

    def _show(self, live: Live, factor: float, loss: str) -> None:
        """Send each frame; whatever goes wrong reaches the learner as one sentence."""
        try:
            for step, steps, faces, ranks in live(factor, loss, json.loads(self.table)["people"]):
                opaque = np.full((*faces.shape[:3], 1), 255, np.uint8)
                message = {"type": "frame", "step": step, "steps": steps, "ranks": [int(rank) for rank in ranks]}
                self.send(message, buffers=[np.concatenate([faces, opaque], axis=3).tobytes()])
            self.send({"type": "done"})
        except Exception as problem:  # would be lost in a thread; the widget shows it
            self.send({"type": "failed", "sentence": f"The attack did not finish: {problem}"})


class LineUp(anywidget.AnyWidget):
    """The learner as judge: twelve reconstructions, six people each to choose from; hits beside the evaluator's."""

    _esm = script() + "\nexport default { render: renderLineUp };\n"
    _css = client.read_asset("lab.css") + client.read_asset("faces_lab.css")

    table = traitlets.Unicode(read_only=True).tag(sync=True)
    sheet = traitlets.Bytes(read_only=True).tag(sync=True)

    def __init__(self) -> None:
        super().__init__()
        self.set_trait("table", read_table())
        self.set_trait("sheet", read_sheet())

    def _repr_mimebundle_(self, **options: Any) -> Any:
        if os.environ.get("MIA_KIT_STATIC") == "1":
            words = "A line-up: twelve rounds, in each a reconstruction and six people. Run the cell to be the judge."
            return {FACES_MIME: {"line_up": True}, "text/plain": words}
        return super()._repr_mimebundle_(**options)
