"""Show a figure, and hold it to the numbers that were committed with it.

nbval compares printed text only, so a headline figure takes two cells: `show` draws it (that cell's output is not
compared), and `check` compares its arrays to `figures/references/` and prints one line that is.
"""

from __future__ import annotations

import base64
import html
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go

from mia_kit.data.folders import read_json
from mia_kit.figures.style import Drawn

REFERENCES = Path(__file__).with_name("references")
PAGE_WIDTH = 840  # pixels: what JupyterLab leaves for an output in a window of 1,280
PLOTLY = "application/vnd.plotly.v1+json"
NO_TWINS = (
    'Figures get no static twins. They take kaleido, pip install "mia_kit[twins]", and Chromium or Chrome: '
    "install one, or run  plotly_get_chrome"
)


class NotReproduced(AssertionError):
    """A figure's numbers differ from the committed ones by more than its tolerance."""


def show(number: str, drawn: Drawn) -> None:
    """Display a figure with its description in words.

    A static twin (PNG with alt text) is added when the environment has MIA_KIT_STATIC=1, as it does when notebooks are
    executed for commit: pages without a kernel or without scripts show the twin. Without a Chrome there is none.
    """
    from IPython.display import HTML, display

    figure = go.Figure(drawn.figure)
    figure.update_layout(title_text=f"Figure {number}. {figure.layout.title.text or ''}")
    bundle = _plain(figure) | {"text/plain": drawn.alt}
    display(bundle | twin(figure), raw=True, metadata={"image/png": {"alt": drawn.alt}})
    words = html.escape(f"Figure {number} in words: {drawn.alt}")
    display(HTML(f"<details><summary>Figure {number} in words</summary><p>{words}</p></details>"))


def draws_twins() -> bool:
    """Whether figures can be drawn as PNG here: that takes kaleido and a Chrome."""
    return _png(go.Figure()) is not None


def twin(figure: go.Figure, scale: float = 1) -> dict[str, str]:
    """The figure as "image/png" if notebooks are executed for commit, and a Chrome is there to draw it.

    JupyterLab shows a live figure's twin pixel for pixel until the mouse enters it. At scale 1 nothing is cut off.
    """
    content = _png(figure, scale) if os.environ.get("MIA_KIT_STATIC") == "1" else None
    return {"image/png": base64.b64encode(content).decode("ascii")} if content else {}


def _plain(figure: go.Figure) -> dict[str, Any]:
    return {PLOTLY: json.loads(figure.to_json())}


def _png(figure: go.Figure, scale: float = 1) -> bytes | None:
    """As wide as a notebook's page. A figure with pictures in it gets 256 colours: a fifth of the size."""
    pictures = any(trace.type == "image" for trace in figure.data)
    try:
        content = figure.to_image("png", width=PAGE_WIDTH, height=figure.layout.height, scale=scale)
    except (RuntimeError, ValueError):  # Plotly's words for no Chrome and for no kaleido
        return None
    if not pictures:
        return content
    from PIL import Image

    smaller = io.BytesIO()
    Image.open(io.BytesIO(content)).convert("RGB").quantize(256).save(smaller, "png", optimize=True)
    return smaller.getvalue()


def show_photographs(drawn: Drawn) -> None:
    """Display photographs of real people in a learner's run, and leave them out of a notebook executed for commit.

    No photograph of a data set is committed; the stored notebook carries the description instead.
    """
    from IPython.display import HTML, display

    if os.environ.get("MIA_KIT_STATIC") == "1":
        note = "The photographs are shown when you run this cell. They are not stored with the notebook."
        display(HTML(f"<p>{note} What they show: {html.escape(drawn.alt)}</p>"))
    else:
        display(_plain(drawn.figure) | {"text/plain": drawn.alt}, raw=True)


def show_measured(drawn: Drawn) -> None:
    """Display a figure of evidence, which its own file pins and which may not be there: a PNG with words for commit."""
    from IPython.display import display

    picture = twin(drawn.figure, scale=1.5) or _plain(drawn.figure)
    display(picture | {"text/plain": drawn.alt}, raw=True, metadata={"image/png": {"alt": drawn.alt}})


def fold(summary: str, text: str) -> None:
    """Display a long text behind its summary."""
    from IPython.display import display

    words = f"<details><summary>{html.escape(summary)}</summary><pre>{html.escape(text)}</pre></details>"
    display({"text/html": words, "text/plain": text}, raw=True)


def check(number: str, drawn: Drawn, tolerance: float) -> None:
    """Compare a figure's arrays to the committed ones and print that it is reproduced.

    The greatest difference may be `tolerance` times the greatest size in the committed array (at least 1). With
    MIA_KIT_REFERENCES=update the arrays are committed instead. NotReproduced if an array is missing, has another shape,
    or lies outside the tolerance.
    """
    path = REFERENCES / f"{number}.json"
    known = read_json(path, "renew it with: mia-kit notebooks --references") if path.is_file() else {}
    if os.environ.get("MIA_KIT_REFERENCES") == "update":
        in_short = np.vectorize(lambda x: float(f"{x:.6g}"))
        rounded = {name: in_short(values).tolist() for name, values in drawn.arrays.items()}
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")
    else:
        for name in sorted(known.keys() | drawn.arrays.keys()):
            _compare(number, name, drawn.arrays.get(name), known.get(name), tolerance)
    print(f"figure {number} reproduced (tolerance {tolerance:g})")


def difference(values: np.ndarray, known: np.ndarray) -> float:
    """Greatest difference, relative to the greatest size in `known` or 1; infinite if the shapes differ."""
    if values.shape != known.shape:
        return float("inf")
    return float(np.abs(values - known).max() / max(1.0, np.abs(known).max()))


def _compare(number: str, name: str, values: np.ndarray | None, known: list | None, tolerance: float) -> None:
    if values is None or known is None:
        where = "the figure" if values is None else "the committed references"
        raise NotReproduced(
            f"figure {number}: {name} is missing in {where}; renew them with: mia-kit notebooks --references"
        )
    off = difference(np.asarray(values, dtype=float), np.asarray(known, dtype=float))
    if not off <= tolerance:
        raise NotReproduced(
            f"figure {number} is not reproduced: {name} is off by {off:.3g}, the tolerance is {tolerance:g}. "
            f"got {np.asarray(values).ravel()[:6]}, expected {np.asarray(known).ravel()[:6]}"
        )
