"""A slider for keys and mouse, bound to a figure whose frames were drawn beforehand: Plotly's own is for the mouse."""

from __future__ import annotations

from mia_kit.figures.style import Drawn
from mia_kit.widgets.panel import Guess
from mia_kit.widgets.sliders import Sliders


class FrameExplorer(Sliders):
    """Drag the slider, or focus it and press the arrow keys: the figure moves to the frame of that place.

    `drawn` has frames and a slider of Plotly's, as `figures.embedding.tsne_morph` returns them; the label and the frame
    to begin with are that slider's. ValueError without frames or slider.
    """

    def __init__(self, drawn: Drawn, *, guess: Guess | None = None) -> None:
        if not drawn.figure.frames or not drawn.figure.layout.sliders:
            raise ValueError("the figure must have frames and a slider, got neither or one of both instead")
        slider, names = drawn.figure.layout.sliders[0], [frame.name for frame in drawn.figure.frames]
        label = slider.currentvalue.prefix.removesuffix(": ")
        super().__init__({label: ([(name, name) for name in names], names[slider.active])}, drawn=drawn, guess=guess)

    def _show(self, place: tuple[str]) -> str:
        self._move(place[0])
        return ""
