"""Two sliders, the smoothing factor and the budget of queries: what does each attack hand in?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from mia_kit.figures.style import factor_name
from mia_kit.widgets.faces import FaceSliders, Stops, tile

TILE, WIDTH = 80, 112  # pixels of a face on the page, and of the words below it


class Outcomes(Protocol):
    """What every attack hands in; the first axes of the arrays are factors, budgets and attacks, in order."""

    factors: Sequence[float]
    budgets: Sequence[int]
    access: Mapping[str, str]  # by attack
    pictures: np.ndarray  # uint8 of shape (factors, budgets, attacks, people, h, w, 3)
    reached: np.ndarray  # whether a picture came out, bool of shape (factors, budgets, attacks, people)
    ranks: np.ndarray  # what the evaluator says, of the same shape
    distances: np.ndarray  # what the second judge says, of the same shape
    hits: np.ndarray  # rank 1 and reached, of the same shape
    queries: np.ndarray  # for each person, of shape (factors, budgets, attacks)


class AttackWall(FaceSliders):
    """Choose a target and a budget; the faces that each attack then hands in, and the judges' words, follow at once.

    Display it as the last line of a cell. Nothing is computed: all attacks were run beforehand.

    Parameters
    ----------
    outcomes : from `fill_shelf` in chapter 6 or `strike` in chapter 8
    names : of the people
    threshold : distance below which the second judge takes two photographs for one person

    Raises
    ------
    ImportError
        If ipywidgets is missing.
    ValueError
        If there is not a name for each person.
    """

    def __init__(self, outcomes: Outcomes, *, names: Sequence[str], threshold: float) -> None:
        self._outcomes, self._threshold = outcomes, threshold
        factors = [(factor_name(factor), place) for place, factor in enumerate(outcomes.factors)]
        budgets = [(f"{budget} a person", place) for place, budget in enumerate(outcomes.budgets)]
        stops = {
            "smoothing factor": Stops(factors, outcomes.factors.index(0.0) if 0.0 in outcomes.factors else 0),
            "budget of queries": Stops(budgets, len(budgets) - 1),
        }
        super().__init__(names, people=outcomes.ranks.shape[-1], stops=stops)
        self.factor, self.budget = self.sliders.values()

    def _draw(self, places: tuple[int, int]) -> str:
        """A row for each attack."""
        return "".join(self._row(places, number) for number in range(len(self._outcomes.access)))

    def _row(self, place: tuple[int, int], number: int) -> str:
        """One attack as HTML."""
        outcomes, at = self._outcomes, (*place, number)
        attack, access = list(outcomes.access.items())[number]
        near = (outcomes.distances[at] < self._threshold) & outcomes.reached[at]
        summary = (
            f"<b>{attack}</b> ({access}): {outcomes.queries[at]:.0f} queries a person; Acc@1 "
            f"{outcomes.hits[at].sum()} of {len(self._names)}, verified by the second judge {near.sum()} of "
            f"{len(self._names)}"
        )
        tiles = []
        for person, name in enumerate(self._names):
            cell = (*at, person)
            said = f"rank {outcomes.ranks[cell]}<br>distance {outcomes.distances[cell]:.1f}"
            said = said if outcomes.reached[cell] else "nothing"
            tiles.append(tile(name, outcomes.pictures[cell], said, size=TILE, width=WIDTH))
        return f'<p role="status" style="margin: 8px 0 0">{summary}</p><div>{"".join(tiles)}</div>'
