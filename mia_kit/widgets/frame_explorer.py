"""A slider for keys and mouse, bound to a figure whose frames were drawn beforehand: Plotly's own is for the mouse."""

from __future__ import annotations

from typing import Any

from mia_kit.figures.style import Drawn
from mia_kit.widgets.panel import Guess
from mia_kit.widgets.sliders import Sliders, Stops


class FrameExplorer(Sliders):
    """Drag the slider, or focus it and press the arrow keys: the figure moves to the frame of that place.

    Parameters
    ----------
    drawn : a figure with frames and a slider of Plotly's, such as `figures.embedding.tsne_morph` or
        `figures.film.film_slider` return; the label and the frame to begin with are that slider's
    start : name of the first frame to show, if it is another
    guess : as in `Sliders`

    Raises ImportError as `Sliders` does, and ValueError if the figure has no frames or no slider, or no frame `start`.
    """

    def __init__(self, drawn: Drawn, *, start: str | None = None, guess: Guess | None = None) -> None:
        self._frames = {frame.name: frame for frame in drawn.figure.frames}
        label, first = _label_and_first(drawn.figure, list(self._frames), start)
        stops = {label: Stops([(name, name) for name in self._frames], first)}
        # Plotly's own slider would move frames that a FigureWidget does not have.
        super().__init__(stops, figure=drawn.still.figure, moved=next(iter(self._frames.values())).traces, guess=guess)

    def _show(self, place: tuple[str]) -> str:
        self._move(self._frames[place[0]])
        return ""


def _label_and_first(figure: Any, names: list[str], start: str | None) -> tuple[str, str]:
    """What Plotly's slider says that it moves through, and the name of the first frame to show."""
    if not names or not figure.layout.sliders:
        raise ValueError("the figure must have frames and a slider, got neither or one of both instead")
    if start is not None and start not in names:
        raise ValueError(f"start must be one of {', '.join(names)}, got {start!r} instead")
    slider = figure.layout.sliders[0]
    return slider.currentvalue.prefix.removesuffix(": "), start or names[slider.active]
