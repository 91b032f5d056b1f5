"""Pictures with words below them as HTML: what the widgets with faces or digits are made of."""

from __future__ import annotations

import html
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mia_kit.figures.film import picture_source
from mia_kit.widgets.panel import Guess
from mia_kit.widgets.sliders import Sliders, Stops


class FaceSliders(Sliders):
    """Sliders, and below them the pictures that belong to where they stand, drawn once for each place.

    `names` are those of the people, if the pictures are named, and `people` how many there must be; the rest is as in
    `Sliders`. ValueError if there is not a name for each person.
    """

    def __init__(
        self, names: Sequence[str] = (), *, people: int = 0, stops: Mapping[str, Stops], guess: Guess | None = None
    ) -> None:
        if len(names) != people:
            raise ValueError(f"there must be a name for each of {people} people, got {len(names)}")
        self._names = tuple(names)
        self._drawn: dict[tuple[Any, ...], str] = {}
        super().__init__(stops, guess=guess)

    @abstractmethod
    def _draw(self, place: tuple[Any, ...]) -> str:
        """The faces as HTML for a value of each slider."""

    def _show(self, place: tuple[Any, ...]) -> str:
        if place not in self._drawn:
            self._drawn[place] = self._draw(place)
        return self._drawn[place]


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
