"""The frontier of use and leakage: go from model to model, see the faces that the attacker gets from each."""

from __future__ import annotations

import html
from collections.abc import Sequence

from mia_kit.figures.frontier import point_name
from mia_kit.studies.inversion.classroom import Attacked
from mia_kit.widgets.panel import Guess
from mia_kit.widgets.sliders import Sliders, tiles

TILE = 88  # pixels of a face on the page


class FrontierExplorer(Sliders):
    """One slider over the models, the most accurate first: the faces below are those of that model.

    ValueError if there is no model, or not a name for each person.
    """

    def __init__(self, targets: Sequence[Attacked], *, names: Sequence[str], guess: Guess | None = None) -> None:
        if not targets:
            raise ValueError("there must be at least one model, got none")
        if len(names) != len(targets[0].ranks):
            raise ValueError(f"there must be a name for each of {len(targets[0].ranks)} people, got {len(names)}")
        self._targets, self._names = sorted(targets, key=lambda target: -target.accuracy), names
        options = [(point_name(target.defence, target.strength), place) for place, target in enumerate(self._targets)]
        super().__init__({"model": (options, 0)}, guess=guess)

    def _show(self, place: tuple[int]) -> str:
        """A model as HTML."""
        target = self._targets[place[0]]
        hits, named = ((ranks == 1).sum() for ranks in (target.ranks, target.identity_ranks))
        summary = (
            f"<b>{html.escape(point_name(target.defence, target.strength))}</b>: right on {target.accuracy:.1%}; under "
            f"the {html.escape(target.loss)} loss the evaluator recognises {hits} of {len(target.ranks)}, the second "
            f"judge {named}" + (f"; {html.escape(str(target.privacy))}" if target.privacy else "")
        )
        shown = zip(self._names, target.pictures, [f"rank {rank}" for rank in target.ranks], strict=True)
        return f'<p role="status">{summary}</p>{tiles(shown, size=TILE)}'
