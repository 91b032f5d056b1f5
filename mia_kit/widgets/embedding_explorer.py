"""A slider over the smoothing factor, bound to a figure whose frames were drawn beforehand."""

from __future__ import annotations

import html
from typing import Any

from mia_kit.figures.style import Drawn
from mia_kit.widgets import panel

INSTALL = (
    'The slider needs ipywidgets and anywidget: run  python -m pip install "mia_kit[lab]"  and restart the kernel.'
)


class EmbeddingExplorer:
    """Drag the factor, or focus the slider and press the arrow keys: the points move to that factor's map.

    Display it as the last line of a cell. It shows one frame for each step of the slider and computes nothing. While
    a frame is drawn the browser keeps the latest position of the slider only, so fast drags do not queue up.

    Parameters
    ----------
    drawn : a figure with frames named by factor, such as `figures.embedding.tsne_morph` returns
    start : name of the first frame to show; the one nearest to 0 by default

    Raises
    ------
    ImportError
        If ipywidgets or anywidget is missing.
    ValueError
        If the figure has no frames, or none of the name `start`.
    """

    def __init__(self, drawn: Drawn, *, start: str | None = None) -> None:
        try:
            import ipywidgets
            import plotly.graph_objects as go

            self._frames = {frame.name: frame for frame in drawn.figure.frames}
            first = _first(list(self._frames), start)
            # Plotly's own slider would move frames that a FigureWidget does not have.
            layout = drawn.figure.layout.to_plotly_json() | {"sliders": []}
            self.figure = go.FigureWidget(data=drawn.figure.data, layout=layout)
        except ImportError as problem:
            raise ImportError(INSTALL) from problem
        self.slider = ipywidgets.SelectionSlider(
            options=list(self._frames),
            value=first,
            description="smoothing factor",
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
            self.message.value = (
                f'<p role="alert">This factor cannot be shown ({reason}). Move the slider to go on.</p>'
            )

    def _show(self, name: str) -> None:
        frame = self._frames[name]
        with self.figure.batch_update():
            for place, moved in zip(frame.traces, frame.data, strict=True):
                self.figure.data[place].update(x=moved.x, y=moved.y)


def _first(names: list[str], start: str | None) -> str:
    if not names:
        raise ValueError("the figure must have frames, one for each factor, got none instead")
    if start is None:
        return min(names, key=lambda name: abs(float(name)))
    if start not in names:
        raise ValueError(f"start must be one of {', '.join(names)}, got {start!r} instead")
    return start
