"""A slider for keys and mouse, bound to a figure whose frames were drawn beforehand: Plotly's own is for the mouse."""

from __future__ import annotations

import html
from typing import Any

from mia_kit.figures.style import Drawn
from mia_kit.widgets import panel

INSTALL = (
    'The slider needs ipywidgets and anywidget: run  python -m pip install "mia_kit[lab]"  and restart the kernel.'
)


class FrameExplorer:
    """Drag the slider, or focus it and press the arrow keys: the figure moves to the frame of that place.

    Display it as the last line of a cell. It shows one frame for each step of the slider and computes nothing. While
    a frame is drawn the browser keeps the latest position of the slider only, so fast drags do not queue up.

    Parameters
    ----------
    drawn : a figure with frames and a slider of Plotly's, such as `figures.embedding.tsne_morph` or
        `figures.film.film_slider` return; the label and the frame to begin with are that slider's
    start : name of the first frame to show, if it is another

    Raises
    ------
    ImportError
        If ipywidgets or anywidget is missing.
    ValueError
        If the figure has no frames or no slider, or no frame of the name `start`.
    """

    def __init__(self, drawn: Drawn, *, start: str | None = None) -> None:
        try:
            import ipywidgets
            import plotly.graph_objects as go

            self._frames = {frame.name: frame for frame in drawn.figure.frames}
            label, first = _label_and_first(drawn.figure, list(self._frames), start)
            # Plotly's own slider would move frames that a FigureWidget does not have.
            layout = drawn.figure.layout.to_plotly_json() | {"sliders": []}
            self.figure = go.FigureWidget(data=drawn.figure.data, layout=layout)
        except ImportError as problem:
            raise ImportError(INSTALL) from problem
        self.slider = ipywidgets.SelectionSlider(
            options=list(self._frames),
            value=first,
            description=label,
            continuous_update=True,
            style={"description_width": "initial"},
            layout={"width": "min(100%, 560px)"},
        )
        self.message = ipywidgets.HTML()
        self._box = ipywidgets.VBox([self.slider, self.message, self.figure])
        self._show(first)
        self.slider.observe(self._on_change, names="value")

    def _ipython_display_(self) -> None:
        moved = next(iter(self._frames.values())).traces
        panel.show(self._box, [panel.Control.of(self.slider)], self.message, self.figure, moved)

    def _on_change(self, change: dict[str, Any]) -> None:
        """Show the new frame. A failure is told in the widget, and the next drag is tried as if nothing happened."""
        try:
            self._show(change["new"])
            self.message.value = ""
        except Exception as problem:
            reason = html.escape(f"{type(problem).__name__}: {problem}")
            self.message.value = f'<p role="alert">This place cannot be shown ({reason}). Move the slider to go on.</p>'

    def _show(self, name: str) -> None:
        frame = self._frames[name]
        with self.figure.batch_update():
            for place, moved in zip(frame.traces, frame.data, strict=True):
                self.figure.data[place].update({name: moved[name] for name in panel.MOVED if name in moved})


def _label_and_first(figure: Any, names: list[str], start: str | None) -> tuple[str, str]:
    """What Plotly's slider says that it moves through, and the name of the first frame to show."""
    if not names or not figure.layout.sliders:
        raise ValueError("the figure must have frames and a slider, got neither or one of both instead")
    if start is not None and start not in names:
        raise ValueError(f"start must be one of {', '.join(names)}, got {start!r} instead")
    slider = figure.layout.sliders[0]
    return slider.currentvalue.prefix.removesuffix(": "), start or names[slider.active]
