"""A widget without a kernel: what it shows for every place of its sliders, kept with the notebook.

When notebooks are executed for commit a widget is driven through all its places, and leaves what it showed instead of
itself. The pages of `mia-kit site` draw that with a few lines of script; a notebook that is opened and not run
shows it as it is before the first drag.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MIME = "application/vnd.mia-kit.panel+json"
LAB_MIME = "application/vnd.mia-kit.lab+json"  # the laboratory of chapter 1, which needs no record: its state line
FACES_MIME = "application/vnd.mia-kit.faces+json"  # the laboratory of faces: its state line
MOVED = ("x", "y", "source")  # what of a trace can move: its coordinates, or its picture
SENTENCE = "As it is before the first drag. To drag it, run the notebook's cells from the top."


@dataclass(frozen=True)
class Guess:
    """A question with its answers: until one is chosen the sliders stay locked, and the choice stays in sight."""

    question: str
    answers: tuple[str, ...]


def guess_note(answer: str) -> dict[str, Any]:
    """Plotly's annotation that keeps a guess in a figure; `site.js` writes the same."""
    place = {"xref": "paper", "yref": "paper", "x": 1, "y": 1.02, "xanchor": "right", "yanchor": "bottom"}
    return {"text": f"your guess: {answer}", "showarrow": False, **place}


def record(sliders: Sequence[Any], words: Any, figure: Any = None, moved: Sequence[int] = ()) -> dict[str, Any]:
    """Plain values of every place, and the sliders put back: `views` are named by places, as in "0,2".

    `sliders` are ipywidgets' SelectionSliders, `words` the HTML and `figure` the FigureWidget that follow them. A view
    is `html` and, for a figure, `traces`: the coordinates or the picture of each of the `moved`.
    """
    import plotly.graph_objects as go

    start = tuple(slider.index for slider in sliders)
    views = {}
    for place in [*itertools.product(*(range(len(slider.options)) for slider in sliders)), start]:
        for slider, number in zip(sliders, place, strict=True):
            slider.index = number
        traces = {str(number): _moved(figure.data[number]) for number in moved}
        views[",".join(map(str, place))] = {"html": words.value, "traces": traces}
    controls = [
        {"label": slider.description, "options": [str(words) for words, _ in slider.options], "start": slider.index}
        for slider in sliders
    ]
    shown = None if figure is None else json.loads(go.Figure(figure).to_json())
    return {"controls": controls, "views": views, "figure": shown}


def _moved(trace: Any) -> dict[str, Any]:
    if trace.type == "image":
        return {"source": trace.source}
    return {axis: [round(float(value), 3) for value in getattr(trace, axis)] for axis in ("x", "y")}
