"""The frontier of use and leakage: choose a defence, drag its strength, see the faces that the attacker gets."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from mia_kit.experiments.frontier_quick import Trained
from mia_kit.figures.frontier import NAMES
from mia_kit.figures.style import Drawn
from mia_kit.widgets import panel
from mia_kit.widgets.faces import tile

INSTALL = (
    'The slider needs ipywidgets and anywidget: run  python -m pip install "mia_kit[lab]"  and restart the kernel.'
)
TILE = 88  # pixels of a face on the page
HALO = {"color": "rgba(0, 0, 0, 0)", "size": 24, "line": {"color": "#000000", "width": 2}, "symbol": "circle"}


class FrontierExplorer:
    """Choose a defence and drag its strength, or hover over a point: the faces below are those of that model.

    Display it as the last line of a cell. Nothing is computed: all targets were trained and attacked beforehand.

    Parameters
    ----------
    drawn : from `mia_kit.figures.frontier.frontier`, of the same models
    trained : from `mia_kit.experiments.frontier_quick.map_frontier`
    names : of the people
    threshold : distance below which the second judge takes two photographs for one person

    Raises
    ------
    ImportError
        If ipywidgets or anywidget is missing.
    ValueError
        If there is no model, or not a name for each person.
    """

    def __init__(self, drawn: Drawn, trained: Sequence[Trained], *, names: Sequence[str], threshold: float) -> None:
        if not trained or len(names) != len(trained[0].ranks):
            expected = len(trained[0].ranks) if trained else "some"
            raise ValueError(f"there must be models, and a name for each of {expected} people, got {len(names)}")
        try:
            import ipywidgets
            import plotly.graph_objects as go

            self.figure = go.FigureWidget(drawn.figure)
            self.figure.add_scatter(mode="markers", marker=HALO, showlegend=False, hoverinfo="skip")
        except ImportError as problem:
            raise ImportError(INSTALL) from problem
        self._names, self._threshold = tuple(names), threshold
        self._shelf: dict[str, list[Trained]] = {}
        for one in sorted(trained, key=lambda own: own.strength):
            self._shelf.setdefault(one.defence, []).append(one)
        look: dict[str, Any] = {"style": {"description_width": "7em"}, "layout": {"width": "min(100%, 480px)"}}
        options = [(NAMES.get(name, name), name) for name in dict.fromkeys(one.defence for one in trained)]
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
        models = [one for own in self._shelf.values() for one in own]
        chosen = panel.Control(
            "defence and strength",
            tuple(_name(one) for one in models),
            0,
            lambda place: self.choose(models[place].defence, models[place].strength),
        )
        panel.show(self._box, [chosen], self.faces, self.figure, [len(self.figure.data) - 1])

    def choose(self, defence: str, strength: float) -> None:
        """Show one model, as the dropdown and the slider would."""
        self.defence.value = defence
        places = [one.strength for one in self._shelf[defence]]
        self.strength.value = places.index(strength)

    def _strengths(self) -> list[tuple[str, int]]:
        return [(f"{one.strength:g}", place) for place, one in enumerate(self._shelf[self.defence.value])]

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
                chosen = next(one for own in self._shelf.values() for one in own if _name(one) == name)
                self.choose(chosen.defence, chosen.strength)

    def _show(self) -> None:
        one = self._shelf[self.defence.value][self.strength.value or 0]
        with self.figure.batch_update():
            self.figure.data[-1].update(x=[one.accuracy], y=[one.leakage])
        near = int((one.distances < self._threshold).sum())
        count = len(one.ranks)
        summary = (
            f"<b>{html.escape(_name(one))}</b>: right on {one.accuracy:.1%}; Acc@1 {int((one.ranks == 1).sum())} of "
            f"{count} under the {one.loss} loss, verified by the second judge {near} of {count}"
        )
        summary += f"; {html.escape(str(one.privacy))}" if one.privacy else ""
        tiles = [
            tile(name, picture, f"rank {rank}", size=TILE)
            for name, picture, rank in zip(self._names, one.pictures, one.ranks, strict=True)
        ]
        self.faces.value = f'<p role="status" style="margin: 8px 0 0">{summary}</p><div>{"".join(tiles)}</div>'


def _name(one: Trained) -> str:
    """As the figure's marks are named."""
    name = NAMES.get(one.defence, one.defence)
    return name if one.defence == "none" else f"{name} {one.strength:g}"
