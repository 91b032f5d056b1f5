"""What all figures share: colours that colour-blind readers can tell apart, marker shapes, one layout, `Drawn`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import plotly.graph_objects as go

# Okabe and Ito's palette, without its yellow, which is too faint on white
OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("circle", "square", "triangle-up", "diamond", "cross", "x", "star")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
CLASS_NAMES = ("class 0", "class 1", "class 2")


@dataclass(frozen=True)
class Drawn:
    """A figure, the same in words for those who do not see it, and the arrays that `reproduce.check` pins."""

    figure: go.Figure
    alt: str
    arrays: dict[str, np.ndarray]

    @property
    def still(self) -> Drawn:
        """The same without its frames and the slider that moves them, for a page where a widget does."""
        layout = self.figure.layout.to_plotly_json() | {"sliders": []}
        return replace(self, figure=go.Figure(data=self.figure.data, layout=layout))


def base_layout(title: str, height: int = 420, *, margin: Mapping[str, int] | None = None, **others: Any) -> dict:
    """Layout that every figure starts from: quiet background, readable type, no template weight in the notebook."""
    axis = {"gridcolor": "#e5e5e5", "zerolinecolor": "#bdbdbd", "linecolor": "#555555"}
    return {
        "template": go.layout.Template(layout={"xaxis": axis, "yaxis": axis}),
        "title": {"text": title, "x": 0, "xanchor": "left", "xref": "paper"},
        "height": height,
        "font": {"size": 13, "color": "#222222"},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "margin": {"l": 60, "r": 20, "t": 70, "b": 60, **(margin or {})},
        "hoverlabel": {"align": "left"},
    } | others


def legend_below(y: float) -> dict:
    """A legend in one line, so much of the figure's height below it."""
    return {"orientation": "h", "y": -y}


def translucent(colour: str, alpha: float) -> str:
    """A palette colour such as "#0072B2" with an opacity in [0, 1], as CSS."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {alpha})"


def factor_name(smoothing: float) -> str:
    """A factor as figures write it: "+0.05", "0 (hard labels)", "-0.05"."""
    return f"{smoothing:+.3g}".replace("-", "\u2212") if smoothing else "0 (hard labels)"
