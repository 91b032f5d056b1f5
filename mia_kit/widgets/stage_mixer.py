"""Three sliders, one for each stage of an attack: whose target does the sampling, the optimisation, the selection?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from mia_kit.figures.style import factor_name
from mia_kit.widgets.faces import FaceSliders, tile
from mia_kit.widgets.panel import Guess
from mia_kit.widgets.sliders import Stops

STAGES = ("sampling", "optimisation", "selection")
TILE = 96  # pixels of a face on the page


class Mixtures(Protocol):
    """What every mixture of targets hands in; the first three axes are the factors of the three stages."""

    factors: Sequence[float]
    pictures: np.ndarray  # uint8 of shape (factors, factors, factors, people, 3, h, w)
    ranks: np.ndarray  # what the evaluator says, of shape (factors, factors, factors, people)
    identity_ranks: np.ndarray  # what the second judge says, of the same shape

    def place(self, stages: Mapping[str, float]) -> tuple[int, int, int]:
        """Where the mixture with these factors lies."""


class StageMixer(FaceSliders):
    """Give each stage a target; the faces that the attacker then hands in, and the judges' words, follow at once.

    Display it as the last line of a cell. Nothing is computed: all mixtures were attacked beforehand. `mixtures` come
    from `mia_kit.studies.inversion.stages.mix_stages`. ImportError if ipywidgets is missing, ValueError if there is not
    a name for each person.
    """

    def __init__(self, mixtures: Mixtures, *, names: Sequence[str], guess: Guess | None = None) -> None:
        self._mixtures = mixtures
        factors = [(factor_name(factor), factor) for factor in mixtures.factors]
        stops = Stops(factors, 0.0 if 0.0 in mixtures.factors else mixtures.factors[0])
        super().__init__(names, people=mixtures.ranks.shape[-1], stops=dict.fromkeys(STAGES, stops), guess=guess)

    def _draw(self, factors: tuple[float, float, float]) -> str:
        """A mixture as HTML."""
        place = self._mixtures.place(dict(zip(STAGES, factors, strict=True)))
        ranks, identity_ranks = self._mixtures.ranks[place], self._mixtures.identity_ranks[place]
        count = len(ranks)
        summary = f"Recognised by the evaluator: {(ranks == 1).sum()} of {count}; named by the second judge: "
        everybody = zip(self._names, self._mixtures.pictures[place], ranks, identity_ranks, strict=True)
        tiles = [
            tile(name, np.moveaxis(picture, 0, -1), f"rank {rank}<br>second judge: rank {other}", size=TILE)
            for name, picture, rank, other in everybody
        ]
        return f'<p role="status">{summary}{(identity_ranks == 1).sum()} of {count}</p><div>{"".join(tiles)}</div>'
