"""How three defences work: DP-SGD's clipping and noise, what BiDO's layers depend on, the price of MID's bottleneck."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from plotly.subplots import make_subplots

from mia_kit.figures.series import series
from mia_kit.figures.style import Drawn, base_layout, legend_below

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
    figure, curves = make_subplots(cols=3, subplot_titles=PANELS, horizontal_spacing=0.08), (prices, dependence)
    shown = [(column, name, x, y) for column, (x, lines) in enumerate(curves, 1) for name, y in lines.items()]
    shown += [(3, name, points[:, 0], points[:, 1]) for name, points in gradients.items()]
    for place, (column, name, x, y) in enumerate(shown):
        trace = series(x.round(4), y.round(4), name, place, ": %{x:.2f}, %{y:.2f}", size=7, joined=column < 3)
        figure.add_trace(trace, row=1, col=column)
    figure.update_layout(base_layout("Three mechanisms", height=440, legend=legend_below(0.25), margin={"b": 120}))
    for column, (x_words, y_words) in enumerate(AXES, 1):
        figure.update_xaxes(title_text=x_words, row=1, col=column)
        figure.update_yaxes(title_text=y_words, row=1, col=column)
    figure.update_yaxes(scaleanchor="x3", row=1, col=3)
    lines = "; ".join(f"{name} goes from {y[0]:.2f} to {y[-1]:.2f}" for column, name, _, y in shown if column < 3)
    alt = f"Left and middle, curves: {lines}. Right, points in the plane: {', '.join(gradients)}."
    return Drawn(figure, alt, dict(prices[1]) | dict(dependence[1]) | dict(gradients))
