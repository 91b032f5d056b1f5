"""Pictures with words below them as HTML, and sliders above them: what the widgets with faces or digits are made of."""

from __future__ import annotations

import html
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mia_kit.figures.film import picture_source
from mia_kit.widgets import panel

INSTALL = 'The sliders need ipywidgets: run  python -m pip install "mia_kit[lab]"  and restart the kernel.'


@dataclass(frozen=True)
class Stops:
    """What a slider can be set to: words and values, and the value that it begins with."""

    options: Sequence[tuple[str, Any]]
    value: Any


class FaceSliders(ABC):
    """Sliders, and below them the pictures that belong to where they stand, drawn once for each place.

    Display it as the last line of a cell. `sliders` holds the sliders by their labels, `faces` the HTML.

    Parameters
    ----------
    names : of the people, if the pictures are named
    people : how many names there must be
    stops : of each slider, by its label

    Raises
    ------
    ImportError
        If ipywidgets is missing.
    ValueError
        If there is not a name for each person.
    """

    def __init__(self, names: Sequence[str] = (), *, people: int = 0, stops: Mapping[str, Stops]) -> None:
        if len(names) != people:
            raise ValueError(f"there must be a name for each of {people} people, got {len(names)}")
        try:
            import ipywidgets
        except ImportError as problem:
            raise ImportError(INSTALL) from problem
        self._names = tuple(names)
        self._drawn: dict[tuple[Any, ...], str] = {}
        self.sliders = {
            label: ipywidgets.SelectionSlider(
                options=stop.options,
                value=stop.value,
                description=label,
                style={"description_width": "9em"},
                layout={"width": "min(100%, 480px)"},
            )
            for label, stop in stops.items()
        }
        self.faces = ipywidgets.HTML()
        self._box = ipywidgets.VBox([*self.sliders.values(), self.faces])
        for slider in self.sliders.values():
            slider.observe(self._on_change, names="value")
        self._on_change({})

    @abstractmethod
    def _draw(self, places: tuple[Any, ...]) -> str:
        """The faces as HTML for a value of each slider."""

    def _ipython_display_(self) -> None:
        controls = [panel.Control.of(slider) for slider in self.sliders.values()]
        panel.show(self._box, controls, self.faces)

    def _on_change(self, _: dict[str, Any]) -> None:
        places = tuple(slider.value for slider in self.sliders.values())
        if places not in self._drawn:
            self._drawn[places] = self._draw(places)
        self.faces.value = self._drawn[places]


def tile(name: str, picture: np.ndarray, words: str, *, size: int, width: int = 0) -> str:
    """A reconstruction of the person `name`, uint8 of shape (h, w, 3), `size` pixels wide, above `words` in HTML.

    With a `width` that holds all words, people stand below each other in rows of tiles.
    """
    name = html.escape(name)
    style = f"display: inline-block; vertical-align: top; min-width: {width}px; margin: 4px; text-align: center"
    return (
        f'<figure style="{style}; line-height: 1.4">'
        f'<img src="{picture_source(picture)}" width="{size}" height="{size}" alt="reconstruction of {name}">'
        f"<figcaption>{name}<br>{words}</figcaption></figure>"
    )
