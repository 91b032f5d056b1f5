"""The attacker's loss around a protected picture, in 3-D: before the data-centric defence and after.

After Chen et al. (see `mia_kit.defences.data_centric`): defended, the loss is to be lowest and flat at the surrogate,
and higher at the protected picture.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mia_kit import check
from mia_kit.figures.style import OKABE_ITO, Drawn, base_layout, legend_below
from mia_kit.metrics.landscape import LossPlane

LEAST = 1e-3  # losses below it are drawn there: 0 has no logarithm
# name, place across, colour, marker: told apart by shape too
POINTS = (("protected picture", 0.0, OKABE_ITO[1], "circle"), ("surrogate", 1.0, OKABE_ITO[5], "diamond"))


def loss_surfaces(planes: Mapping[str, LossPlane]) -> Drawn:
    """One surface for each plane, such as "without defence" and "defended", with the same logarithmic scale of losses.

    `planes` are those of the panels by name, at least one; those to be compared have the same pictures and seed.
    """
    check.count("the number of planes", len(planes))
    lowest = max(LEAST, min(float(plane.losses.min()) for plane in planes.values()))
    highest = max(2 * lowest, *(float(plane.losses.max()) for plane in planes.values()))
    lift = (highest / lowest) ** 0.03  # markers stand a little above the surface, which would hide half of them
    specs = [[{"type": "surface"}] * len(planes)]
    figure = make_subplots(cols=len(planes), specs=specs, horizontal_spacing=0.01, subplot_titles=list(planes))
    for column, plane in enumerate(planes.values(), start=1):
        figure.add_trace(_surface(plane, lowest, highest, column == len(planes)), row=1, col=column)
        for trace in _markers(plane, lift, column == 1):
            figure.add_trace(trace, row=1, col=column)
    title, legend = "The attacker's loss between two pictures", legend_below(0.05)
    figure.update_layout(base_layout(title, height=480, legend=legend))
    figure.update_scenes(
        xaxis_title="to the surrogate",
        yaxis_title="random direction",
        zaxis_title="loss",
        zaxis_type="log",  # or the valleys, where an attack ends, would all look alike below the walls
        zaxis_range=(math.log10(lowest), math.log10(highest * lift**2)),
        aspectmode="cube",
        camera_eye={"x": 1.2, "y": -1.9, "z": 1.5},
    )
    words = "; ".join(f"{name}: {_words(plane)}" for name, plane in planes.items())
    alt = f"Surfaces of the attacker's loss on a plane through a protected picture and its surrogate. {words}."
    quantiles = np.stack([np.quantile(plane.losses, (0.1, 0.5, 0.9, 1.0)) for plane in planes.values()])
    at_pictures = np.array([[plane.at_target, plane.at_surrogate] for plane in planes.values()])
    return Drawn(figure, alt, {"at_pictures": at_pictures, "loss_quantiles": quantiles})


def _surface(plane: LossPlane, lowest: float, highest: float, scale: bool) -> go.Surface:
    return go.Surface(
        x=plane.across.round(4),
        y=plane.aside.round(4),
        z=plane.losses.clip(LEAST).round(4),
        surfacecolor=np.log10(plane.losses.clip(LEAST)).round(3),
        cmin=math.log10(lowest),
        cmax=math.log10(highest),
        colorscale="Cividis",
        showscale=scale,
        colorbar={"title": {"text": "loss, log 10"}, "thickness": 12, "len": 0.6},
        hovertemplate="%{x:.2f} of the way, %{y:.2f} aside: loss %{z:.2f}<extra></extra>",
    )


def _markers(plane: LossPlane, lift: float, legend: bool) -> list[go.Scatter3d]:
    return [
        go.Scatter3d(
            x=[across],
            y=[0.0],
            z=[round(max(loss, LEAST) * lift, 4)],
            mode="markers",
            name=name,
            legendgroup=name,
            showlegend=legend,
            marker={"color": colour, "symbol": symbol, "size": 7, "line": {"color": "black", "width": 2}},
            hovertemplate=f"{name}: loss {loss:.2f}<extra></extra>",
        )
        for (name, across, colour, symbol), loss in zip(POINTS, (plane.at_target, plane.at_surrogate), strict=True)
    ]


def _words(plane: LossPlane) -> str:
    row, column = np.unravel_index(plane.losses.argmin(), plane.losses.shape)
    return (
        f"loss {plane.at_target:.2f} at the protected picture and {plane.at_surrogate:.2f} at the surrogate, lowest on "
        f"the plane {plane.losses[row, column]:.2f}, {plane.across[column]:.2f} of the way to the surrogate and "
        f"{plane.aside[row]:.2f} aside, highest {plane.losses.max():.2f}"
    )
