"""Two sliders move a surrogate through the plane: where do the attacks on the protected class end?"""

from __future__ import annotations

import html
from typing import Any

from mia_kit.figures.data_centric import place_name, surrogate_map
from mia_kit.toy.surrogate import SurrogateTable
from mia_kit.widgets import panel

INSTALL = (
    'The sliders need ipywidgets and anywidget: run  python -m pip install "mia_kit[lab]"  and restart the kernel.'
)


class SurrogateDragger:
    """Drag the surrogate, or focus a slider and press the arrow keys; the ends of the attacks follow at once.

    Display it as the last line of a cell. Nothing is computed: a model was trained and attacked for every place.

    Parameters
    ----------
    table : from `mia_kit.studies.data_centric.plane.surrogate_table`

    Raises
    ------
    ImportError
        If ipywidgets or anywidget is missing.
    """

    def __init__(self, table: SurrogateTable) -> None:
        try:
            import ipywidgets
            import plotly.graph_objects as go

            drawn = surrogate_map(table)
            self._frames = {frame.name: frame for frame in drawn.figure.frames}
            self.figure = go.FigureWidget(data=drawn.figure.data, layout=drawn.figure.layout)
        except ImportError as problem:
            raise ImportError(INSTALL) from problem
        self._moved = drawn.figure.frames[0].traces
        self._landed = {
            place_name(across, up): float(share)
            for across, row in zip(table.coordinates, table.landed(), strict=True)
            for up, share in zip(table.coordinates, row, strict=True)
        }
        self._attacks = table.on_surrogate[0, 0].size
        middle = table.coordinates[len(table.coordinates) // 2]
        self.across, self.up = (
            ipywidgets.SelectionSlider(
                options=[(f"{coordinate:g}", coordinate) for coordinate in table.coordinates],
                value=middle,
                description=words,
                continuous_update=True,
                style={"description_width": "11em"},
                layout={"width": "min(100%, 480px)"},
            )
            for words in ("surrogate, across", "surrogate, up")
        )
        self.message = ipywidgets.HTML()
        self._box = ipywidgets.VBox([self.across, self.up, self.message, self.figure])
        for slider in (self.across, self.up):
            slider.observe(self._on_change, names="value")
        self._on_change({})

    def _ipython_display_(self) -> None:
        controls = [panel.Control.of(slider) for slider in (self.across, self.up)]
        panel.show(self._box, controls, self.message, self.figure, self._moved)

    def _on_change(self, _: dict[str, Any]) -> None:
        """Show the place. A failure is told in the widget, and the next drag is tried as if nothing happened."""
        name = place_name(self.across.value, self.up.value)
        try:
            self._show(name)
            hits = round(self._landed[name] * self._attacks)
            words = f"Surrogate at ({name}): {hits} of {self._attacks} attacks end on it."
            self.message.value = f'<p role="status">{words}</p>'
        except Exception as problem:
            reason = html.escape(f"{type(problem).__name__}: {problem}")
            self.message.value = f'<p role="alert">This place cannot be shown ({reason}). Move a slider to go on.</p>'

    def _show(self, name: str) -> None:
        frame = self._frames[name]
        with self.figure.batch_update():
            for place, moved in zip(frame.traces, frame.data, strict=True):
                self.figure.data[place].update(x=moved.x, y=moved.y)
