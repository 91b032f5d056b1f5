"""How three defences work: DP-SGD's clipping and noise, what BiDO's layers depend on, the price of MID's bottleneck."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mia_kit.figures.style import DASHES, MARKERS, OKABE_ITO, Drawn, base_layout

PANELS = ("DP-SGD: clip, add up, add noise", "BiDO: what a layer depends on", "MID: the price of a number")


def mechanisms(
    *,
    gradients: np.ndarray,
    clipped: np.ndarray,
    sums: np.ndarray,
    clip_norm: float,
    noise_multiplier: float,
    shares: np.ndarray,
    on_picture: np.ndarray,
    on_label: np.ndarray,
    deviations: np.ndarray,
    nats: np.ndarray,
) -> Drawn:
    """Three panels; the arguments are the fields of `mia_kit.experiments.frontier_quick.Mechanisms`."""
    figure = make_subplots(cols=3, subplot_titles=PANELS, horizontal_spacing=0.08)
    for trace in _gradients(gradients, clipped, sums, clip_norm):
        figure.add_trace(trace, row=1, col=1)
    for place, (name, values) in enumerate({"picture": on_picture, "label": on_label}.items()):
        figure.add_trace(_curve(shares, values, name, place), row=1, col=2)
    for place, (mean, values) in enumerate(zip((0, 1, 2), nats, strict=True)):
        figure.add_trace(_curve(deviations, values, f"code at {mean}", place + 2), row=1, col=3)
    figure.update_layout(base_layout("Three mechanisms", height=440))
    figure.update_layout(legend={"orientation": "h", "y": -0.25}, margin={"b": 120})
    for column, words in enumerate(("first weight", "share of the label in the layer", "deviation of the noise"), 1):
        figure.update_xaxes(title_text=words, row=1, col=column)
    figure.update_yaxes(title_text="second weight", scaleanchor="x", row=1, col=1)
    figure.update_yaxes(title_text="normalised HSIC", rangemode="tozero", row=1, col=2)
    figure.update_yaxes(title_text="nats", rangemode="tozero", row=1, col=3)
    beyond = int((np.linalg.norm(gradients, axis=1) > clip_norm).sum())
    alt = (
        f"Left: {len(gradients)} gradients in the plane, of which {beyond} are longer than {clip_norm:g} and are cut "
        f"to that circle; {len(sums)} sums with noise of deviation {noise_multiplier * clip_norm:g} lie around the sum "
        f"without. Middle: as the share of the label in a layer goes from 0 to 1, its dependence on the picture goes "
        f"from {on_picture[0]:.1f} to {on_picture[-1]:.1f} and on the label from {on_label[0]:.1f} to "
        f"{on_label[-1]:.1f}. Right: the price in nats of a number falls as its noise grows, to "
        f"{', '.join(f'{own.min():.2f}' for own in nats)} at the least for a code at 0, 1 and 2."
    )
    arrays = {"clipped": clipped, "on picture": on_picture, "on label": on_label, "nats": nats}
    return Drawn(figure, alt, arrays)


def _gradients(gradients: np.ndarray, clipped: np.ndarray, sums: np.ndarray, clip_norm: float) -> list[go.Scatter]:
    """The circle, the gradients of single pictures before and after, and the means that a step could take."""
    turn = np.linspace(0, 2 * np.pi, 73)
    circle = go.Scatter(
        x=(clip_norm * np.cos(turn)).round(4),
        y=(clip_norm * np.sin(turn)).round(4),
        mode="lines",
        name="clipping norm",
        line={"color": "#777777", "dash": "dash", "width": 1},
        hoverinfo="skip",
    )
    count = len(gradients)
    groups = {"a picture's gradient": gradients, "clipped": clipped, "noisy mean of a step": sums / count}
    dots = [
        go.Scatter(
            x=own[:, 0].round(4),
            y=own[:, 1].round(4),
            mode="markers",
            name=name,
            marker={
                "color": OKABE_ITO[(6, 1, 5)[place]],
                "symbol": ("circle-open", "square", "x")[place],
                "size": (8, 7, 5)[place],
            },
            hovertemplate=f"{name}: %{{x:.2f}}, %{{y:.2f}}<extra></extra>",
        )
        for place, (name, own) in enumerate(groups.items())
    ]
    return [circle, *dots]


def _curve(x: np.ndarray, y: np.ndarray, name: str, place: int) -> go.Scatter:
    return go.Scatter(
        x=x.round(4),
        y=y.round(4),
        mode="lines+markers",
        name=name,
        line={"color": OKABE_ITO[place], "dash": DASHES[place]},
        marker={"symbol": MARKERS[place], "size": 6},
        hovertemplate=f"{name}: %{{y:.2f}}<extra></extra>",
    )
