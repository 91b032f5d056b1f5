"""Figure 10.5: how far the attack ends from the protected cloud and from the surrogate, by steps and place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mia_kit.figures.series import bars
from mia_kit.figures.style import MARKERS, OKABE_ITO, Drawn, base_layout

Cell = Mapping[str, Any]
TO = {"to_protected": "to the protected cloud", "to_surrogate": "to the surrogate"}


def surrogate_distances(cells: Sequence[Cell]) -> Drawn:
    """A panel for each place of the surrogate, a column for each choice of steps; means over seeds and starts.

    `cells` are those of the evidence of `toy_surrogate`. The arrays hold both distances and the share of attacks that
    end on the surrogate, of shape (places, steps).
    """
    places = list(dict.fromkeys(tuple(cell["place"]) for cell in cells))
    steps = list(dict.fromkeys(tuple(cell["steps"]) for cell in cells))
    found = {(tuple(cell["place"]), tuple(cell["steps"])): cell for cell in cells}
    names = [" +<br>".join(own) or "nothing" for own in steps]
    titles = [f"surrogate at ({x:g}, {y:g})" for x, y in places]
    figure = make_subplots(cols=len(places), shared_yaxes=True, subplot_titles=titles, horizontal_spacing=0.03)
    for column, place in enumerate(places, start=1):
        for number, (measure, words) in enumerate(TO.items()):
            value, low, high = np.array(
                [[found[place, own][measure][part] for part in ("value", "low", "high")] for own in steps]
            ).T
            mark = go.Scatter(
                x=names,
                y=value.round(3),
                error_y=bars(value, low, high),
                mode="markers",
                name=words,
                showlegend=column == 1,
                marker={"color": OKABE_ITO[number], "symbol": MARKERS[number], "size": 11},
                hovertemplate=f"{words}: %{{y:.1f}}<extra></extra>",
            )
            figure.add_trace(mark, row=1, col=column)
    figure.update_layout(base_layout("Where attacks on the protected cloud end", height=460))
    figure.update_layout(legend={"orientation": "h", "y": -0.32}, margin={"b": 130})
    figure.update_yaxes(rangemode="tozero")
    figure.update_yaxes(title_text="mean distance of the attack's end", col=1)
    arrays = {name: np.array([[found[at, own][name]["value"] for own in steps] for at in places]) for name in TO}
    arrays["on_surrogate"] = np.array([[found[at, own]["on_surrogate"]["value"] for own in steps] for at in places])
    said = []
    for row, (x, y) in enumerate(places):
        for column, own in enumerate(steps):
            to_protected, to_surrogate, share = (values[row, column] for values in arrays.values())
            chosen = " + ".join(own) or "no step"
            ends = f"{to_protected:.1f} and {to_surrogate:.1f}, {share:.0%} end on the surrogate"
            said.append(f"surrogate at ({x:g}, {y:g}), {chosen}: {ends}")
    return Drawn(figure, f"Distance to the protected cloud and to the surrogate. {'; '.join(said)}.", arrays)
