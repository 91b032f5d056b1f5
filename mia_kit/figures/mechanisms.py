"""How three defences work: DP-SGD's clipping and noise, what BiDO's layers depend on, the price of MID's bottleneck."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mia_kit.figures.style import DASHES, MARKERS, OKABE_ITO, Drawn, base_layout

PANELS = ("MID: the price of a number", "BiDO: what a layer depends on", "DP-SGD: clip, add up, add noise")
AXES = (
    ("deviation of the noise", "nats"),
    ("share of the label in the layer", "normalised HSIC"),
    ("first weight", "second weight"),
)
Curves = tuple[np.ndarray, Mapping[str, np.ndarray]]


def mechanisms(*, prices: Curves, dependence: Curves, gradients: Mapping[str, np.ndarray]) -> Drawn:
    """Three panels: curves over the deviation of the noise, curves over the label's share, and points in the plane.

    `prices` and `dependence` are the x values and the curves by name; `gradients` are points of shape (n, 2) by name.
    """
    figure = make_subplots(cols=3, subplot_titles=PANELS, horizontal_spacing=0.08)
    for column, (x, curves) in enumerate((prices, dependence), 1):
        for name, values in curves.items():
            figure.add_trace(_trace(x, values, name, len(figure.data), "lines+markers"), row=1, col=column)
    for name, points in gradients.items():
        figure.add_trace(_trace(points[:, 0], points[:, 1], name, len(figure.data), "markers"), row=1, col=3)
    figure.update_layout(base_layout("Three mechanisms", height=440))
    figure.update_layout(legend={"orientation": "h", "y": -0.25}, margin={"b": 120})
    for column, (x_words, y_words) in enumerate(AXES, 1):
        figure.update_xaxes(title_text=x_words, row=1, col=column)
        figure.update_yaxes(title_text=y_words, row=1, col=column)
    figure.update_yaxes(scaleanchor="x3", row=1, col=3)
    lines = "; ".join(
        f"{name} goes from {values[0]:.2f} to {values[-1]:.2f}"
        for _, curves in (prices, dependence)
        for name, values in curves.items()
    )
    alt = f"Left and middle, curves: {lines}. Right, points in the plane: {', '.join(gradients)}."
    return Drawn(figure, alt, dict(prices[1]) | dict(dependence[1]) | dict(gradients))


def _trace(x: np.ndarray, y: np.ndarray, name: str, place: int, mode: str) -> go.Scatter:
    look = {"color": OKABE_ITO[place % len(OKABE_ITO)]}
    return go.Scatter(
        x=x.round(4),
        y=y.round(4),
        mode=mode,
        name=name,
        line=look | {"dash": DASHES[place % len(DASHES)]},
        marker=look | {"symbol": MARKERS[place % len(MARKERS)], "size": 7},
        hovertemplate=f"{name}: %{{x:.2f}}, %{{y:.2f}}<extra></extra>",
    )
