"""Three sliders, one for each stage of an attack: whose target does the sampling, the optimisation, the selection?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mia_kit.figures.style import factor_name
from mia_kit.studies.inversion.stages import STAGES, Mixtures
from mia_kit.widgets.panel import Guess
from mia_kit.widgets.sliders import Sliders, tiles

TILE = 96  # pixels of a face on the page


class StageMixer(Sliders):
    """Give each stage a target; the faces that the attacker then hands in, and the judges' words, follow at once.

    ValueError if there is not a name for each person.
    """

    def __init__(self, mixtures: Mixtures, *, names: Sequence[str], guess: Guess | None = None) -> None:
        if len(names) != mixtures.ranks.shape[-1]:
            raise ValueError(f"there must be a name for each of {mixtures.ranks.shape[-1]} people, got {len(names)}")
        self._mixtures, self._names = mixtures, names
        factors = [(factor_name(factor), factor) for factor in mixtures.factors]
        begin = 0.0 if 0.0 in mixtures.factors else mixtures.factors[0]
        super().__init__(dict.fromkeys(STAGES, (factors, begin)), guess=guess)

    def _show(self, factors: tuple[float, float, float]) -> str:
        """A mixture as HTML."""
        place = self._mixtures.place(dict(zip(STAGES, factors, strict=True)))
        ranks, identity_ranks = self._mixtures.ranks[place], self._mixtures.identity_ranks[place]
        count = len(ranks)
        summary = f"Recognised by the evaluator: {(ranks == 1).sum()} of {count}; named by the second judge: "
        words = [f"rank {own}<br>second judge: rank {other}" for own, other in zip(ranks, identity_ranks, strict=True)]
        shown = zip(self._names, np.moveaxis(self._mixtures.pictures[place], 1, -1), words, strict=True)
        return f'<p role="status">{summary}{(identity_ranks == 1).sum()} of {count}</p>{tiles(shown, size=TILE)}'
