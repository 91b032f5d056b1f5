"""Two sliders, the bound of the poison and the attacker: what comes back of the private digits?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mia_kit.widgets.panel import Guess
from mia_kit.widgets.sliders import Sliders, tiles

TILE = 56  # pixels of a digit on the page


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one attacker makes of one defence.

    pictures : the first reconstructions, uint8 of shape (shown, h, w, 3)
    hits, errors : whether the evaluator names the digit, and the mean squared error, of shape (private,)
    distortion : mean distance of served vectors from clean ones
    """

    pictures: np.ndarray
    hits: np.ndarray
    errors: np.ndarray
    distortion: float


class PoisonWall(Sliders):
    """Choose how far the service may move its answers, and who attacks; reconstructions and measures follow at once.

    originals : the first private pictures, uint8 of shape (shown, h, w, 3)
    labels : their digits
    outcomes : by bound and attacker, one for each pair of them
    """

    def __init__(
        self,
        originals: np.ndarray,
        labels: Sequence[int],
        outcomes: Mapping[tuple[float, str], Outcome],
        *,
        guess: Guess | None = None,
    ) -> None:
        self._originals, self._labels, self._outcomes = originals, labels, outcomes
        bounds, attackers = (list(dict.fromkeys(names)) for names in zip(*outcomes, strict=True))
        named = [(f"{bound:g}" if bound else "0 (no defence)", bound) for bound in bounds]
        stops = {
            "bound of the poison": (named, bounds[0]),
            "attacker": ([(name, name) for name in attackers], attackers[0]),
        }
        super().__init__(stops, guess=guess)

    def _show(self, place: tuple[float, str]) -> str:
        """The digits of one bound and attacker below the private ones."""
        outcome = self._outcomes[place]
        above = [(f"private {label}", own, "") for label, own in zip(self._labels, self._originals, strict=True)]
        below = [
            (f"of a {label}", picture, "recognised" if hit else "")
            for label, picture, hit in zip(self._labels, outcome.pictures, outcome.hits, strict=False)
        ]
        summary = (
            f"Attack accuracy {outcome.hits.mean():.0%} of {len(outcome.hits)} private digits (chance 20%), mean "
            f"error {outcome.errors.mean():.3f}; served vectors are {outcome.distortion:.2g} away from the clean ones"
        )
        said = f'<p role="status" style="margin: 8px 0 0">{summary}</p>'
        return said + tiles(above, size=TILE) + tiles(below, size=TILE)
