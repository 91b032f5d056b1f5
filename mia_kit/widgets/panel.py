"""A widget without a kernel: what it shows for every place of its controls, kept with the notebook.

When notebooks are executed for commit a widget is driven through all its places, and leaves what it showed instead of
itself. The pages of `mia-kit site` draw that with a few lines of script; a notebook that is opened and not run
shows it as it is before the first drag.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mia_kit.figures.reproduce import twin

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


@dataclass(frozen=True)
class Control:
    """Its label, what it can be set to in words, the number of the first, how to set it, and whether it is a slider."""

    label: str
    options: tuple[str, ...]
    start: int
    turn: Callable[[int], None]
    slides: bool = True

    @classmethod
    def of(cls, widget: Any) -> Control:
        """Of an ipywidget with options, such as a SelectionSlider or a Dropdown."""
        words = tuple(str(option[0] if isinstance(option, tuple) else option) for option in widget.options)
        slides = type(widget).__name__ == "SelectionSlider"
        return cls(widget.description, words, widget.index, lambda place: setattr(widget, "index", place), slides)


def show(
    box: Any,
    controls: Sequence[Control],
    words: Any,
    figure: Any = None,
    moved: Sequence[int] = (),
    guess: Guess | None = None,
) -> None:
    """Display a widget; in a notebook executed for commit, keep what it shows at every place instead.

    Parameters
    ----------
    box : the ipywidget to display
    controls : what can be turned
    words : the ipywidgets.HTML that follows the controls
    figure : the FigureWidget that follows them, if there is one
    moved : numbers of the figure's traces that move
    guess : what unlocks the controls
    """
    from IPython.display import display

    if os.environ.get("MIA_KIT_STATIC") == "1":
        picture = {} if figure is None else twin(figure)
        still = picture or {"text/html": f"{words.value}<p>{SENTENCE}</p>"}
        kept = record(controls, words, figure, moved) | {"guess": guess and asdict(guess)}
        display({MIME: kept, **still, "text/plain": SENTENCE}, raw=True)
    else:
        display(box)


def record(controls: Sequence[Control], words: Any, figure: Any = None, moved: Sequence[int] = ()) -> dict[str, Any]:
    """Plain values of every place, and the controls put back: `views` are named by places, as in "0,2".

    A view is `html` and, for a figure, `traces`: the coordinates or the picture of each of the moved.
    """
    import plotly.graph_objects as go

    start = tuple(control.start for control in controls)
    views = {}
    for place in [*itertools.product(*(range(len(control.options)) for control in controls)), start]:
        for control, number in zip(controls, place, strict=True):
            control.turn(number)
        traces = {str(number): _moved(figure.data[number]) for number in moved}
        views[",".join(map(str, place))] = {"html": words.value, "traces": traces}
    return {
        "controls": [
            {"label": one.label, "options": list(one.options), "start": one.start, "slides": one.slides}
            for one in controls
        ],
        "views": views,
        "figure": None if figure is None else json.loads(go.Figure(figure).to_json()),
    }


def _moved(trace: Any) -> dict[str, Any]:
    if trace.type == "image":
        return {"source": trace.source}
    return {axis: [round(float(value), 3) for value in getattr(trace, axis)] for axis in ("x", "y")}
