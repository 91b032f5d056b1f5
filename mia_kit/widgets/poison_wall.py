"""Two sliders, the bound of the poison and the attacker: what comes back of the private digits?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from mia_kit.widgets.faces import FaceSliders, Stops, tile

TILE = 56  # pixels of a digit on the page


class Outcome(Protocol):
    """What one attacker makes of one defence."""

    pictures: np.ndarray  # uint8 of shape (shown, h, w, 3)
    hits: np.ndarray  # whether the evaluator names the digit, of shape (private,)
    errors: np.ndarray  # mean squared, of the same shape
    distortion: float
    accuracy_loss: float


class Gallery(Protocol):
    """All attacks of the chapter; `by_bound` has an outcome for each bound's place and each attacker's name."""

    bounds: Sequence[float]
    attackers: Sequence[str]
    labels: Sequence[int]
    originals: np.ndarray  # uint8 of shape (shown, h, w, 3)
    by_bound: Mapping[tuple[int, str], Outcome]


class PoisonWall(FaceSliders):
    """Choose how far the service may move its answers, and who attacks; reconstructions and measures follow at once.

    Display it as the last line of a cell. Nothing is computed: all attacks were run beforehand. ImportError if
    ipywidgets is missing.
    """

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        bounds = [(f"{bound:g}" if bound else "0 (no defence)", place) for place, bound in enumerate(gallery.bounds)]
        attackers = [(name, name) for name in gallery.attackers]
        stops = {"bound of the poison": Stops(bounds, 0), "attacker's decoder": Stops(attackers, gallery.attackers[0])}
        super().__init__(stops=stops)
        self.bound, self.attacker = self.sliders.values()

    def _draw(self, places: tuple[int, str]) -> str:
        """The digits of one bound and attacker below the private ones."""
        gallery, outcome = self._gallery, self._gallery.by_bound[places]
        names = [f"private {label}" for label in gallery.labels]
        above = [tile(name, picture, "", size=TILE) for name, picture in zip(names, gallery.originals, strict=True)]
        below = [
            tile(f"of a {label}", picture, "recognised" if hit else "", size=TILE)
            for label, picture, hit in zip(gallery.labels, outcome.pictures, outcome.hits, strict=False)
        ]
        summary = (
            f"Attack accuracy {outcome.hits.mean():.0%} of {len(outcome.hits)} private digits (chance 20%), mean "
            f"error {outcome.errors.mean():.3f}; served vectors are {outcome.distortion:.2g} away from the clean ones; "
            f"accuracy lost: {outcome.accuracy_loss:.1%}"
        )
        said = f'<p role="status" style="margin: 8px 0 0">{summary}</p>'
        return said + "".join(f"<div>{''.join(row)}</div>" for row in (above, below))
