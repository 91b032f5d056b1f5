"""The frontier of use and leakage: choose a defence, drag its strength, see the faces that the attacker gets."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from mia_kit.figures.frontier import NAMES
from mia_kit.figures.style import Drawn
from mia_kit.widgets import panel
from mia_kit.widgets.faces import tile

INSTALL = (
    'The slider needs ipywidgets and anywidget: run  python -m pip install "mia_kit[lab]"  and restart the kernel.'
)
TILE = 88  # pixels of a face on the page
HALO = {"color": "rgba(0, 0, 0, 0)", "size": 24, "line": {"color": "#000000", "width": 2}, "symbol": "circle"}


class Attacked(Protocol):
    """A trained target, and what the worse of two attacks hands in."""

    defence: str
    strength: float
    accuracy: float  # on photographs that the target never saw
    leakage: float  # the share of people whom the evaluator recognises
    loss: str  # of the attack
    privacy: object  # what DP-SGD guarantees, None for other defences
    pictures: np.ndarray  # uint8 of shape (people, h, w, 3)
    ranks: np.ndarray  # what the evaluator says, of shape (people,)
    distances: np.ndarray  # what the second judge says, of shape (people,)


class FrontierExplorer:
    """Choose a defence and drag its strength, or hover over a point: the faces below are those of that model.

    Display it as the last line of a cell. Nothing is computed: all targets were trained and attacked beforehand.

    Parameters
    ----------
    drawn : from `mia_kit.figures.frontier.frontier`, of the same models
    targets : the models, attacked
    names : of the people
    threshold : distance below which the second judge takes two photographs for one person

    Raises
    ------
    ImportError
        If ipywidgets or anywidget is missing.
    ValueError
        If there is no model, or not a name for each person.
    """

    def __init__(self, drawn: Drawn, targets: Sequence[Attacked], *, names: Sequence[str], threshold: float) -> None:
        if not targets or len(names) != len(targets[0].ranks):
            expected = len(targets[0].ranks) if targets else "some"
            raise ValueError(f"there must be models, and a name for each of {expected} people, got {len(names)}")
        try:
            import ipywidgets
            import plotly.graph_objects as go

            self.figure = go.FigureWidget(drawn.figure)
            self.figure.add_scatter(mode="markers", marker=HALO, showlegend=False, hoverinfo="skip")
        except ImportError as problem:
            raise ImportError(INSTALL) from problem
        self._names, self._threshold = tuple(names), threshold
        self._targets: dict[str, list[Attacked]] = {}  # by defence, the mildest first
        for target in sorted(targets, key=lambda target: target.strength):
            self._targets.setdefault(target.defence, []).append(target)
        look: dict[str, Any] = {"style": {"description_width": "7em"}, "layout": {"width": "min(100%, 480px)"}}
        options = [(NAMES.get(name, name), name) for name in dict.fromkeys(target.defence for target in targets)]
        self.defence = ipywidgets.Dropdown(options=options, description="defence", **look)
        self.strength = ipywidgets.SelectionSlider(options=self._strengths(), description="strength", **look)
        self.faces = ipywidgets.HTML()
        self._box = ipywidgets.VBox([self.defence, self.strength, self.figure, self.faces])
        self.defence.observe(self._on_defence, names="value")
        self.strength.observe(self._on_strength, names="value")
        for trace in self.figure.data:
            trace.on_hover(self._on_hover)
        self._show()

    def _ipython_display_(self) -> None:
        targets = [target for targets in self._targets.values() for target in targets]
        control = panel.Control(
            "defence and strength",
            tuple(_name(target) for target in targets),
            0,
            lambda place: self.choose(targets[place].defence, targets[place].strength),
        )
        panel.show(self._box, [control], self.faces, self.figure, [len(self.figure.data) - 1])

    def choose(self, defence: str, strength: float) -> None:
        """Show one model, as the dropdown and the slider would."""
        self.defence.value = defence
        strengths = [target.strength for target in self._targets[defence]]
        self.strength.value = strengths.index(strength)

    def _strengths(self) -> list[tuple[str, int]]:
        return [(f"{target.strength:g}", place) for place, target in enumerate(self._targets[self.defence.value])]

    def _on_defence(self, _: dict[str, Any]) -> None:
        self.strength.options = self._strengths()  # goes back to the mildest
        self._show()

    def _on_strength(self, change: dict[str, Any]) -> None:
        if change["new"] is not None:
            self._show()

    def _on_hover(self, trace: Any, points: Any, _: Any) -> None:
        for place in points.point_inds:
            if trace.customdata is not None:
                name = trace.customdata[place][0]
                everything = [target for targets in self._targets.values() for target in targets]
                target = next(target for target in everything if _name(target) == name)
                self.choose(target.defence, target.strength)

    def _show(self) -> None:
        target = self._targets[self.defence.value][self.strength.value or 0]
        with self.figure.batch_update():
            self.figure.data[-1].update(x=[target.accuracy], y=[target.leakage])
        near = int((target.distances < self._threshold).sum())
        count = len(target.ranks)
        summary = (
            f"<b>{html.escape(_name(target))}</b>: right on {target.accuracy:.1%}; Acc@1 "
            f"{int((target.ranks == 1).sum())} of {count} under the {target.loss} loss, "
            f"verified by the second judge {near} of {count}"
        )
        summary += f"; {html.escape(str(target.privacy))}" if target.privacy else ""
        tiles = [
            tile(name, picture, f"rank {rank}", size=TILE)
            for name, picture, rank in zip(self._names, target.pictures, target.ranks, strict=True)
        ]
        self.faces.value = f'<p role="status" style="margin: 8px 0 0">{summary}</p><div>{"".join(tiles)}</div>'


def _name(target: Attacked) -> str:
    """As the figure's marks are named."""
    name = NAMES.get(target.defence, target.defence)
    return name if target.defence == "none" else f"{name} {target.strength:g}"
