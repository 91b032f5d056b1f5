"""Two sliders, the smoothing factor and the budget of queries: what does each attack hand in?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mia_kit.experiments.zoo_quick import Shelf
from mia_kit.figures.style import factor_name
from mia_kit.widgets.faces import tile

INSTALL = 'The sliders need ipywidgets: run  python -m pip install "mia_kit[lab]"  and restart the kernel.'
TILE = 80  # pixels of a face on the page


class AttackWall:
    """Choose a target and a budget; the faces that each attack then hands in, and the judges' words, follow at once.

    Display it as the last line of a cell. Nothing is computed: all attacks were run beforehand.

    Parameters
    ----------
    shelf : from `mia_kit.experiments.zoo_quick.fill_shelf`
    names : of the people
    threshold : distance below which the second judge takes two photographs for one person

    Raises
    ------
    ImportError
        If ipywidgets is missing.
    ValueError
        If there is not a name for each person.
    """

    def __init__(self, shelf: Shelf, *, names: Sequence[str], threshold: float) -> None:
        if len(names) != shelf.ranks.shape[-1]:
            raise ValueError(f"there must be a name for each of {shelf.ranks.shape[-1]} people, got {len(names)}")
        try:
            import ipywidgets
        except ImportError as problem:
            raise ImportError(INSTALL) from problem
        self._shelf, self._names, self._threshold = shelf, tuple(names), threshold
        self._drawn: dict[tuple[int, int], str] = {}
        look: dict[str, Any] = {
            "style": {"description_width": "9em"},
            "layout": {"width": "min(100%, 480px)"},
        }
        self.factor = ipywidgets.SelectionSlider(
            options=[(factor_name(factor), place) for place, factor in enumerate(shelf.factors)],
            value=shelf.factors.index(0.0) if 0.0 in shelf.factors else 0,
            description="smoothing factor",
            **look,
        )
        self.budget = ipywidgets.SelectionSlider(
            options=[(f"{budget} a person", place) for place, budget in enumerate(shelf.budgets)],
            value=len(shelf.budgets) - 1,
            description="budget of queries",
            **look,
        )
        self.faces = ipywidgets.HTML()
        self._box = ipywidgets.VBox([self.factor, self.budget, self.faces])
        for slider in (self.factor, self.budget):
            slider.observe(self._on_change, names="value")
        self._on_change({})

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self._box)

    def _on_change(self, _: dict[str, Any]) -> None:
        place = (self.factor.value, self.budget.value)
        if place not in self._drawn:
            self._drawn[place] = "".join(self._row(place, number) for number in range(len(self._shelf.access)))
        self.faces.value = self._drawn[place]

    def _row(self, place: tuple[int, int], number: int) -> str:
        """One attack as HTML."""
        shelf, at = self._shelf, (*place, number)
        attack, access = list(shelf.access.items())[number]
        near = (shelf.distances[at] < self._threshold) & shelf.reached[at]
        summary = (
            f"<b>{attack}</b> ({access}): {shelf.queries[at]:.0f} queries a person; Acc@1 {shelf.hits[at].sum()} of "
            f"{len(self._names)}, verified by the second judge {near.sum()} of {len(self._names)}"
        )
        tiles = []
        for person, name in enumerate(self._names):
            one = (*at, person)
            said = f"rank {shelf.ranks[one]}, distance {shelf.distances[one]:.1f}" if shelf.reached[one] else "nothing"
            tiles.append(tile(name, shelf.pictures[one], said, size=TILE))
        return f'<p role="status" style="margin: 8px 0 0">{summary}</p><div>{"".join(tiles)}</div>'
