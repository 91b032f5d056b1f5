"""What widgets with sliders share: a guess that unlocks them, what a place shows, rows of faces, a failure told."""

from __future__ import annotations

import html
import itertools
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from mia_kit.figures.film import picture_source
from mia_kit.figures.reproduce import twin
from mia_kit.figures.style import Drawn
from mia_kit.widgets.panel import MIME, MOVED, SENTENCE, Guess

INSTALL = (
    'The sliders need ipywidgets and anywidget: run  python -m pip install "mia_kit[lab]"  and restart the kernel.'
)

Stops = tuple[Sequence[tuple[str, Any]], Any]  # what a slider can be set to, words and values; the value to begin with


class Sliders(ABC):
    """Sliders, and below them words, pictures or a figure that belong to where they stand.

    Display it as the last line of a cell. Nothing is computed: all that is shown was made beforehand. `sliders` holds
    the sliders by their labels, `words` the HTML below them. A place that cannot be shown is told there, and the next
    drag is tried as if nothing had happened.

    stops : of each slider, by its label
    drawn : a figure that follows the sliders by `_move`, which has frames; none by default
    guess : a question with its answers. The sliders stay locked until one is chosen, and the choice stays in sight

    ImportError if ipywidgets or anywidget is missing.
    """

    def __init__(self, stops: Mapping[str, Stops], *, drawn: Drawn | None = None, guess: Guess | None = None) -> None:
        try:
            import ipywidgets
            import plotly.graph_objects as go

            # Plotly's own slider would move frames that a FigureWidget does not have.
            self.figure: Any = None if drawn is None else go.FigureWidget(drawn.still.figure)
        except ImportError as problem:
            raise ImportError(INSTALL) from problem
        self.sliders = {
            label: ipywidgets.SelectionSlider(
                options=options,
                value=value,
                description=label,
                disabled=guess is not None,
                style={"description_width": "11em"},
                layout={"width": "min(100%, 560px)"},
            )
            for label, (options, value) in stops.items()
        }
        self._guess, self._frames = guess, {frame.name: frame for frame in drawn.figure.frames} if drawn else {}
        self.words, self.guessed = ipywidgets.HTML(), ipywidgets.HTML()
        self.answers = ipywidgets.ToggleButtons(options=guess.answers if guess else (), value=None)
        asked = [self.guessed, self.answers] if guess else []
        shown = [] if drawn is None else [self.figure]
        self.box = ipywidgets.VBox([*asked, *self.sliders.values(), self.words, *shown])
        if guess:
            self.guessed.value = f"<b>{html.escape(guess.question)}</b> Your guess unlocks the sliders."
            self.answers.observe(self._on_guess, names="value")
        for slider in self.sliders.values():
            slider.observe(self._on_change, names="value")
        self._on_change({})

    @abstractmethod
    def _show(self, place: tuple[Any, ...]) -> str:
        """Move the figure to a value of each slider; returns the words below them as HTML."""

    def _ipython_display_(self) -> None:
        """The widget; in a notebook executed for commit, what it shows at every place instead."""
        from IPython.display import display

        if os.environ.get("MIA_KIT_STATIC") != "1":
            display(self.box)
            return
        kept, picture = self.record(), {} if self.figure is None else twin(self.figure)
        still = picture or {"text/html": f"{self.words.value}<p>{SENTENCE}</p>"}
        display({MIME: kept, **still, "text/plain": SENTENCE}, raw=True)

    def record(self) -> dict[str, Any]:
        """Plain values of every place, and the sliders put back: `views` are named by places, as in "0,2".

        A view is `html` and, for a figure, `traces`: the coordinates or the picture of each that moves.
        """
        sliders, views = list(self.sliders.values()), {}
        start, moving = tuple(slider.index for slider in sliders), next(iter(self._frames.values()), None)
        for place in [*itertools.product(*(range(len(slider.options)) for slider in sliders)), start]:
            for slider, number in zip(sliders, place, strict=True):
                slider.index = number
            traces = {str(number): _moved(self.figure.data[number]) for number in (moving.traces if moving else ())}
            views[",".join(map(str, place))] = {"html": self.words.value, "traces": traces}
        controls = [
            {"label": slider.description, "options": [str(words) for words, _ in slider.options], "start": slider.index}
            for slider in sliders
        ]
        shown = None if self.figure is None else json.loads(self.figure.to_json())
        guess = self._guess and asdict(self._guess)
        return {"controls": controls, "views": views, "figure": shown, "guess": guess}

    def _on_guess(self, change: dict[str, Any]) -> None:
        """Unlock the sliders; the guess stays above them, and in the figure."""
        assert self._guess is not None
        self.guessed.value = f"{html.escape(self._guess.question)} <b>Your guess: {html.escape(change['new'])}.</b>"
        if self.figure is not None:
            # `site.js` writes the same
            place = {"xref": "paper", "yref": "paper", "x": 1, "y": 1.02, "xanchor": "right", "yanchor": "bottom"}
            self.figure.add_annotation(text=f"your guess: {change['new']}", showarrow=False, **place)
        for control in (*self.sliders.values(), self.answers):
            control.disabled = control is self.answers

    def _on_change(self, _: dict[str, Any]) -> None:
        try:
            self.words.value = self._show(tuple(slider.value for slider in self.sliders.values()))
        except Exception as problem:
            reason = html.escape(f"{type(problem).__name__}: {problem}")
            self.words.value = f'<p role="alert">This place cannot be shown ({reason}). Move a slider to go on.</p>'

    def _move(self, name: str) -> None:
        """The figure's traces to those of the frame of this name."""
        frame = self._frames[name]
        with self.figure.batch_update():
            for number, moved in zip(frame.traces, frame.data, strict=True):
                self.figure.data[number].update({name: moved[name] for name in MOVED if name in moved})


def _moved(trace: Any) -> dict[str, Any]:
    if trace.type == "image":
        return {"source": trace.source}
    return {axis: [round(float(value), 3) for value in getattr(trace, axis)] for axis in ("x", "y")}


def tiles(shown: Iterable[tuple[str, np.ndarray, str]], *, size: int) -> str:
    """Reconstructions in a row, `size` pixels wide: a person's name, uint8 of shape (h, w, 3), and words in HTML."""
    style = "display: inline-block; vertical-align: top; min-width: 0px; margin: 4px; text-align: center"
    figures = [
        f'<figure style="{style}; line-height: 1.4">'
        f'<img src="{picture_source(picture)}" width="{size}" height="{size}" alt="reconstruction of {name}">'
        f"<figcaption>{name}<br>{words}</figcaption></figure>"
        for name, picture, words in ((html.escape(name), picture, words) for name, picture, words in shown)
    ]
    return f"<div>{''.join(figures)}</div>"
