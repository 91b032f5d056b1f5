"""The maps of chapter 2: where the people lie in the last hidden layer, and how they move with the smoothing factor.

Follows figure 4 of Struppek, Hintersdorf and Kersting, "Be Careful What You Smooth For" (ICLR 2024). The paper shows
one map for each factor; here a slider morphs from one into the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from mia_kit.figures.style import MARKERS, OKABE_ITO, Drawn, base_layout, factor_name
from mia_kit.metrics import scaled_distances

QUIET = "#b5b5b5"
HIGHLIGHTED = 8  # classes


def tsne_morph(coordinates: Mapping[float, np.ndarray], labels: np.ndarray, *, class_names: Sequence[str]) -> Drawn:
    """A t-SNE map with a slider over the factors, which works in the page itself, without a kernel.

    Eight classes, evenly chosen, have their own pair of colour and marker; the others are small and grey. The factor
    nearest to 0 is shown first.

    coordinates : factor -> array of shape (n, 2) in the unit circle, as `metrics.morphing_tsne` returns them
    labels : integer array of shape (n,)
    class_names : a name for each class
    """
    factors, groups = sorted(coordinates), _groups(labels)
    ratios = {factor: scaled_distances(coordinates[factor], labels).mean_ratio for factor in factors}
    shown = min(factors, key=abs)
    figure = go.Figure(frames=[_frame(factor, coordinates[factor], groups) for factor in factors])
    for place, (label, members) in enumerate(groups):
        name = "other classes" if label is None else class_names[label]
        figure.add_trace(_marks(coordinates[shown][members], label, place, name))
    title, legend = f"{len(np.unique(labels))} classes in the last hidden layer", {"itemsizing": "constant"}
    figure.update_layout(base_layout(title, height=640, legend=legend, sliders=[_slider(factors, shown)]))
    figure.update_xaxes(range=(-1.05, 1.05), showticklabels=False, constrain="domain")
    figure.update_yaxes(range=(-1.05, 1.05), showticklabels=False, scaleanchor="x", constrain="domain")
    words = "; ".join(f"smoothing {factor_name(factor)}: {ratios[factor]:.3f}" for factor in factors)
    alt = (
        f"t-SNE maps of the penultimate activations of {len(labels)} samples of {len(np.unique(labels))} classes, one "
        "map for each smoothing factor, some classes in colour. Mean distance within a class, divided by the one "
        f"between classes, in the map: {words}."
    )
    return Drawn(figure, alt, {"factors": np.array(factors), "ratio": np.array([ratios[a] for a in factors])})


def _groups(labels: np.ndarray) -> list[tuple[int | None, np.ndarray]]:
    """What is drawn as one trace: each highlighted class, and last the quiet ones (None), if there are any."""
    classes = np.unique(labels)
    highlighted = classes[np.linspace(0, len(classes) - 1, min(HIGHLIGHTED, len(classes))).astype(int)]
    groups: list[tuple[int | None, np.ndarray]] = [(int(own), np.flatnonzero(labels == own)) for own in highlighted]
    quiet = np.flatnonzero(~np.isin(labels, highlighted))
    return [*groups, (None, quiet)] if len(quiet) else groups


def _marks(points: np.ndarray, label: int | None, place: int, name: str) -> go.Scatter:
    """A group; after seven classes the shapes are dealt out anew, so that no pair of colour and shape comes twice."""
    x, y = points.round(3).T
    marker: dict[str, Any] = {"color": QUIET, "symbol": "circle", "size": 4, "line": {"color": "white", "width": 0.8}}
    if label is None:  # the quiet classes lie below the others, and take no part in hovering
        return go.Scatter(x=x, y=y, mode="markers", name=name, marker=marker, zorder=0, hoverinfo="skip")
    count = len(OKABE_ITO)
    shape = MARKERS[(place + place // count) % count]
    marker |= {"color": OKABE_ITO[place % count], "symbol": shape, "size": 9}
    hover = f"{name}<extra></extra>"
    return go.Scatter(x=x, y=y, mode="markers", name=name, marker=marker, zorder=1, hovertemplate=hover)


def _frame(factor: float, points: np.ndarray, groups: Sequence[tuple[int | None, np.ndarray]]) -> go.Frame:
    """The positions of all groups at one factor."""
    moved = [go.Scatter(x=x, y=y) for x, y in (points[members].round(3).T for _, members in groups)]
    return go.Frame(name=f"{factor:g}", data=moved, traces=list(range(len(groups))))


def _slider(factors: Sequence[float], shown: float) -> dict[str, Any]:
    """The slider in the page: each step animates to the frame of its factor."""
    move = {"mode": "immediate", "frame": {"duration": 300, "redraw": False}, "transition": {"duration": 300}}
    steps = [{"label": f"{factor:g}", "method": "animate", "args": [[f"{factor:g}"], move]} for factor in factors]
    current = {"prefix": "smoothing factor: "}
    return {"steps": steps, "active": factors.index(shown), "currentvalue": current, "pad": {"t": 20}}
