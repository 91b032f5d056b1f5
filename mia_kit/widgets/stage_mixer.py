"""Three sliders, one for each stage of an attack: whose target does the sampling, the optimisation, the selection?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from mia_kit.figures.style import factor_name
from mia_kit.widgets.faces import FaceSliders, Stops, tile

STAGES = ("sampling", "optimisation", "selection")
TILE = 96  # pixels of a face on the page


class Mixtures(Protocol):
    """What every mixture of targets hands in; the first three axes are the factors of the three stages."""

    factors: Sequence[float]
    pictures: np.ndarray  # uint8 of shape (factors, factors, factors, people, h, w, 3)
    ranks: np.ndarray  # what the evaluator says, of shape (factors, factors, factors, people)
    distances: np.ndarray  # what the second judge says, of the same shape

    def place(self, stages: Mapping[str, float]) -> tuple[int, int, int]:
        """Where the mixture with these factors lies."""


class StageMixer(FaceSliders):
    """Give each stage a target; the faces that the attacker then hands in, and the judges' words, follow at once.

    Display it as the last line of a cell. Nothing is computed: all mixtures were attacked beforehand.

    Parameters
    ----------
    mixtures : from `mia_kit.experiments.stage_mixtures.mix_stages`
    names : of the people
    threshold : distance below which the second judge takes two photographs for one person

    Raises
    ------
    ImportError
        If ipywidgets is missing.
    ValueError
        If there is not a name for each person.
    """

    def __init__(self, mixtures: Mixtures, *, names: Sequence[str], threshold: float) -> None:
        self._mixtures, self._threshold = mixtures, threshold
        factors = [(factor_name(factor), factor) for factor in mixtures.factors]
        stops = Stops(factors, 0.0 if 0.0 in mixtures.factors else mixtures.factors[0])
        super().__init__(names, people=mixtures.ranks.shape[-1], stops=dict.fromkeys(STAGES, stops))

    def _draw(self, chosen: tuple[float, float, float]) -> str:
        """A mixture as HTML."""
        place = self._mixtures.place(dict(zip(STAGES, chosen, strict=True)))
        ranks, distances = self._mixtures.ranks[place], self._mixtures.distances[place]
        hits, verified = int((ranks == 1).sum()), int((distances < self._threshold).sum())
        summary = f"Acc@1: {hits} of {len(ranks)}; verified by the second judge: {verified} of {len(ranks)}"
        everybody = zip(self._names, self._mixtures.pictures[place], ranks, distances, strict=True)
        tiles = [
            tile(name, picture, f"rank {rank}<br>distance {distance:.1f}", size=TILE)
            for name, picture, rank, distance in everybody
        ]
        return f'<p role="status">{summary}</p><div>{"".join(tiles)}</div>'
