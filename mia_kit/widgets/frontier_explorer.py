"""The frontier of use and leakage: go from model to model, see the faces that the attacker gets from each."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from mia_kit.figures.frontier import point_name
from mia_kit.widgets.faces import FaceSliders, tile
from mia_kit.widgets.panel import Guess
from mia_kit.widgets.sliders import Stops

TILE = 88  # pixels of a face on the page


class Attacked(Protocol):
    """A trained target, and what the strongest attack hands in."""

    defence: str
    strength: float
    accuracy: float  # on photographs that no target was given
    loss: str  # of the attack
    privacy: object  # what DP-SGD guarantees, None for other defences
    pictures: np.ndarray  # uint8 of shape (people, h, w, 3)
    ranks: np.ndarray  # what the evaluator says, of shape (people,)
    identity_ranks: np.ndarray  # what the second judge says, of the same shape


class FrontierExplorer(FaceSliders):
    """One slider over the models, the most accurate first: the faces below are those of that model.

    Display it as the last line of a cell. Nothing is computed: all targets were trained and attacked beforehand.
    ImportError if ipywidgets is missing, ValueError if there is no model, or not a name for each person.
    """

    def __init__(self, targets: Sequence[Attacked], *, names: Sequence[str], guess: Guess | None = None) -> None:
        if not targets:
            raise ValueError("there must be at least one model, got none")
        self._targets = sorted(targets, key=lambda target: -target.accuracy)
        options = [(point_name(target.defence, target.strength), place) for place, target in enumerate(self._targets)]
        super().__init__(names, people=len(targets[0].ranks), stops={"model": Stops(options, 0)}, guess=guess)

    def _draw(self, chosen: tuple[int]) -> str:
        """A model as HTML."""
        target = self._targets[chosen[0]]
        hits, named = ((ranks == 1).sum() for ranks in (target.ranks, target.identity_ranks))
        summary = (
            f"<b>{html.escape(point_name(target.defence, target.strength))}</b>: right on {target.accuracy:.1%}; under "
            f"the {html.escape(target.loss)} loss the evaluator recognises {hits} of {len(target.ranks)}, the second "
            f"judge {named}" + (f"; {html.escape(str(target.privacy))}" if target.privacy else "")
        )
        tiles = [
            tile(name, picture, f"rank {rank}", size=TILE)
            for name, picture, rank in zip(self._names, target.pictures, target.ranks, strict=True)
        ]
        return f'<p role="status">{summary}</p><div>{"".join(tiles)}</div>'
