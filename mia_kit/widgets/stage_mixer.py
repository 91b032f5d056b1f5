"""Three sliders, one for each stage of an attack: whose target does the sampling, the optimisation, the selection?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mia_kit.experiments.face_attack import STAGES
from mia_kit.experiments.stage_mixtures import Mixtures
from mia_kit.figures.style import factor_name
from mia_kit.widgets.faces import tile

INSTALL = 'The sliders need ipywidgets: run  python -m pip install "mia_kit[lab]"  and restart the kernel.'
TILE = 96  # pixels of a face on the page


class StageMixer:
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
        if len(names) != mixtures.ranks.shape[-1]:
            raise ValueError(f"there must be a name for each of {mixtures.ranks.shape[-1]} people, got {len(names)}")
        try:
            import ipywidgets
        except ImportError as problem:
            raise ImportError(INSTALL) from problem
        self._mixtures, self._names, self._threshold = mixtures, tuple(names), threshold
        self._drawn: dict[tuple[int, int, int], str] = {}
        options = [(factor_name(factor), factor) for factor in mixtures.factors]
        self.sliders = {
            stage: ipywidgets.SelectionSlider(
                options=options,
                value=0.0 if 0.0 in mixtures.factors else mixtures.factors[0],
                description=stage,
                style={"description_width": "7em"},
                layout={"width": "min(100%, 480px)"},
            )
            for stage in STAGES
        }
        self.faces = ipywidgets.HTML()
        self._box = ipywidgets.VBox([*self.sliders.values(), self.faces])
        for slider in self.sliders.values():
            slider.observe(self._on_change, names="value")
        self._on_change({})

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self._box)

    def _on_change(self, _: dict[str, Any]) -> None:
        place = self._mixtures.place({stage: slider.value for stage, slider in self.sliders.items()})
        if place not in self._drawn:
            self._drawn[place] = self._draw(place)
        self.faces.value = self._drawn[place]

    def _draw(self, place: tuple[int, int, int]) -> str:
        """A mixture as HTML."""
        ranks, distances = self._mixtures.ranks[place], self._mixtures.distances[place]
        hits, verified = int((ranks == 1).sum()), int((distances < self._threshold).sum())
        summary = f"Acc@1: {hits} of {len(ranks)}; verified by the second judge: {verified} of {len(ranks)}"
        everybody = zip(self._names, self._mixtures.pictures[place], ranks, distances, strict=True)
        tiles = [
            tile(name, picture, f"rank {rank}<br>distance {distance:.1f}", size=TILE)
            for name, picture, rank, distance in everybody
        ]
        return f'<p role="status">{summary}</p><div>{"".join(tiles)}</div>'
