"""Two sliders, the smoothing factor and the budget of queries: what does each attack hand in?"""

from __future__ import annotations

from collections.abc import Sequence

from mia_kit.experiments.zoo_quick import Shelf
from mia_kit.figures.style import factor_name
from mia_kit.widgets.faces import FaceSliders, Stops, tile

TILE, WIDTH = 80, 112  # pixels of a face on the page, and of the words below it


class AttackWall(FaceSliders):
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
        self._shelf, self._threshold = shelf, threshold
        factors = [(factor_name(factor), place) for place, factor in enumerate(shelf.factors)]
        budgets = [(f"{budget} a person", place) for place, budget in enumerate(shelf.budgets)]
        stops = {
            "smoothing factor": Stops(factors, shelf.factors.index(0.0) if 0.0 in shelf.factors else 0),
            "budget of queries": Stops(budgets, len(budgets) - 1),
        }
        super().__init__(names, people=shelf.ranks.shape[-1], stops=stops)
        self.factor, self.budget = self.sliders.values()

    def _draw(self, chosen: tuple[int, int]) -> str:
        """A row for each attack."""
        return "".join(self._row(chosen, number) for number in range(len(self._shelf.access)))

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
            said = (
                f"rank {shelf.ranks[one]}<br>distance {shelf.distances[one]:.1f}" if shelf.reached[one] else "nothing"
            )
            tiles.append(tile(name, shelf.pictures[one], said, size=TILE, width=WIDTH))
        return f'<p role="status" style="margin: 8px 0 0">{summary}</p><div>{"".join(tiles)}</div>'
