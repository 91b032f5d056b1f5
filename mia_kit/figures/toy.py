"""The figures of chapter 1: where the attacker ends, how they get there, and how that depends on the factor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import torch
from plotly.subplots import make_subplots

from mia_kit import check
from mia_kit.figures.series import band
from mia_kit.figures.style import (
    CLASS_NAMES,
    MARKERS,
    OKABE_ITO,
    Drawn,
    base_layout,
    factor_name,
    legend_below,
    translucent,
)
from mia_kit.metrics.intervals import share_interval
from mia_kit.toy import GridInversions, InversionPath, ToyClassifier, ToyData

EXTENT = (-16.0, 16.0)  # both axes of every map
INSIDE = 1.0  # a result this near to a training point lies inside the cloud, whose standard deviation is 1.6
TARGET, SURFACE_CELLS = 2, 50  # the class and the points of a side of the loss surfaces
WHITE_EDGE = {"color": "white", "width": 0.5}
PAPER = {"distance": (0.65, 3.23, 6.75), "steps": (3113, 763, 53)}  # of the factors 0.05, 0 and -0.05


def decision_maps(
    models: Mapping[float, ToyClassifier], paths: Mapping[float, InversionPath], data: ToyData, cells: int = 80
) -> Drawn:
    """One map for each factor: class regions shaded by confidence, training points, the attacker's path and its end.

    `models` and `paths` have the same factors as keys, in the order of the panels.
    """
    titles = [
        f"smoothing {factor_name(a)}<br>{path.steps:,} steps, distance {path.distance:.2f}" for a, path in paths.items()
    ]
    figure = make_subplots(cols=len(models), subplot_titles=titles, shared_yaxes=True, horizontal_spacing=0.02)
    for column, (factor, model) in enumerate(models.items(), start=1):
        drawn = [*_points(data), *_path(paths[factor], data)]
        for trace in [*_regions(model, cells), *(trace.update(showlegend=column == 1) for trace in drawn)]:
            figure.add_trace(trace, row=1, col=column)
    figure.update_layout(base_layout("Where the attacker ends", 520, legend=legend_below(0.2), margin={"t": 110}))
    figure.update_xaxes(range=EXTENT, constrain="domain", title_text="first coordinate")
    figure.update_yaxes(range=EXTENT, scaleanchor="x", constrain="domain")
    figure.update_yaxes(title_text="second coordinate", col=1)
    ends = "; ".join(
        f"with smoothing {factor_name(a)} it stops after {path.steps} steps, {path.distance:.2f} from the nearest "
        f"training point of {CLASS_NAMES[path.target_class]}"
        for a, path in paths.items()
    )
    alt = f"Maps of the classifier's regions, one for each factor, with the attacker's path drawn on them: {ends}."
    steps = np.array([path.steps for path in paths.values()], dtype=float)
    return Drawn(figure, alt, {"steps": steps, "distance": np.array([path.distance for path in paths.values()])})


def _plane(cells: int) -> tuple[np.ndarray, torch.Tensor]:
    """The axis of a map, and all its points, of shape (cells * cells, 2), row by row from below."""
    axis = torch.linspace(*EXTENT, check.count("cells", cells, 2))
    first, second = torch.meshgrid(axis, axis, indexing="xy")
    return axis.numpy(), torch.stack([first, second], dim=-1).reshape(-1, 2)


@torch.no_grad()
def _regions(model: ToyClassifier, cells: int) -> list[go.Heatmap]:
    axis, plane = _plane(cells)
    best, winner = model(plane).softmax(dim=1).max(dim=1)
    regions = []
    for index, (name, colour) in enumerate(zip(CLASS_NAMES, OKABE_ITO, strict=False)):
        shown = torch.where(winner == index, best, torch.nan).reshape(cells, cells).numpy().round(3)
        scale = [[0, translucent(colour, 0.05)], [1, translucent(colour, 0.5)]]
        region = go.Heatmap(x=axis, y=axis, z=shown, zmin=1 / 3, zmax=1, showscale=False, colorscale=scale)
        regions.append(region.update(hovertemplate=f"{name}, confidence %{{z:.2f}}<extra></extra>"))
    return regions


def _points(data: ToyData) -> list[go.Scatter]:
    clouds = []
    for index, name in enumerate(CLASS_NAMES):
        x, y = data.of_class(index).numpy().T
        look = {"color": OKABE_ITO[index], "symbol": MARKERS[index], "size": 5, "line": WHITE_EDGE}
        words = {"name": f"training points, {name}", "legendgroup": name, "hoverinfo": "skip"}
        clouds.append(go.Scatter(x=x, y=y, mode="markers", marker=look, **words))
    return clouds


def _path(path: InversionPath, data: ToyData) -> list[go.Scatter]:
    every = max(1, len(path.points) // 400)  # a long path has thousands of points, far closer than a pixel
    walked = torch.cat([path.points[::every], path.points[-1:]]).numpy()
    points = data.of_class(path.target_class)
    nearest = points[torch.cdist(path.result[None], points).argmin()].numpy()
    start, end = path.points[0].numpy(), path.result.numpy()

    def trace(way: np.ndarray, name: str, group: str, **look: Any) -> go.Scatter:
        return go.Scatter(x=way[:, 0], y=way[:, 1], name=name, legendgroup=group, **look)

    thick, dotted = {"color": "black", "width": 2.5}, {"color": "black", "width": 2, "dash": "dot"}
    ring = {"color": "white", "size": [11, 15], "symbol": ["circle", "star"], "line": {"color": "black", "width": 2}}
    gap, quiet = "distance to the nearest training point", {"mode": "lines", "hoverinfo": "skip"}
    ends = {"mode": "markers", "marker": ring, "hovertemplate": "(%{x:.1f}, %{y:.1f})<extra></extra>"}
    return [
        trace(walked, "attacker's path", "path", line=thick, **quiet),
        trace(np.stack([end, nearest]), gap, "distance", line=dotted, **quiet),
        trace(np.stack([start, end]), "start (ring) and result (star)", "ends", **ends),
    ]


def path_curves(paths: Mapping[float, InversionPath]) -> Drawn:
    """Confidence in the target class, and length of the gradient, at each step of each path."""
    figure = make_subplots(cols=2, subplot_titles=("confidence in the target class", "length of the gradient"))
    for (factor, path), colour, dash in zip(paths.items(), OKABE_ITO, ("solid", "dash", "dot"), strict=False):
        step = np.unique(np.geomspace(1, len(path.gradient_norms), 300).astype(int))
        line, name = {"color": colour, "dash": dash, "width": 2.5}, f"smoothing {factor_name(factor)}"
        for column, values in ((1, path.confidences), (2, path.gradient_norms)):
            curve = go.Scatter(x=step, y=values.numpy()[step - 1], name=name, line=line, legendgroup=name, mode="lines")
            figure.add_trace(curve.update(showlegend=column == 1), row=1, col=column)
    figure.update_layout(base_layout("What the attacker feels on the way", legend=legend_below(0.25)))
    figure.update_xaxes(type="log", title_text="attack step")
    figure.update_yaxes(type="log", exponentformat="power", col=2)
    middle = {a: float(path.gradient_norms.median()) for a, path in paths.items()}
    words = "; ".join(f"{value:.3g} with smoothing {factor_name(a)}" for a, value in middle.items())
    alt = f"Two curves over attack steps for each factor. Median length of the gradient along the path: {words}."
    return Drawn(figure, alt, {"median_gradient_norm": np.array(list(middle.values()))})


def leakage_curve(inversions: GridInversions) -> Drawn:
    """Left: distance from the result to the training data over the factor, from the first start, over seeds.

    Right: share of seeds whose result lies inside the cloud (nearer than `INSIDE`), from each start, with Wilson's 95 %
    interval. Distances span five decades, so the left axis is logarithmic.
    """
    factors, seeds = np.array(inversions.smoothings), len(inversions.seeds)
    low, middle, high = np.quantile(inversions.distance[:, :, 0], (0.1, 0.5, 0.9), axis=1)  # (3, factors)
    inside = (inversions.distance < INSIDE).mean(axis=1).T  # (starts, factors)
    starts = [f"from ({x:g}, {y:g})" for x, y in inversions.starts]
    titles = [f"distance to the training data, {starts[0]}"]
    titles += [f"share of results inside the cloud (nearer than {INSIDE:g})"]
    figure = make_subplots(cols=2, horizontal_spacing=0.12, subplot_titles=titles)
    percentiles = f"10th to 90th percentile of {seeds} seeds"
    figure.add_trace(band(factors, low, high, 0, alpha=0.18, name=percentiles), 1, 1)
    figure.add_trace(_line(factors, middle, 0, "median over seeds", "distance %{y:.3g}"), 1, 1)
    for index, (start, share) in enumerate(zip(starts, inside, strict=True)):
        ends = [share_interval(round(value * seeds), seeds) for value in share]
        lower, upper = np.array([(end.low, end.high) for end in ends]).T
        figure.add_trace(band(factors, lower, upper, index, alpha=0.18), 1, 2)
        figure.add_trace(_line(factors, share, index, start, "share %{y:.0%}"), 1, 2)
    figure.update_layout(base_layout("How near the attacker comes, by factor", legend=legend_below(0.3)))
    figure.add_vline(0, line={"dash": "dot", "color": "#555555"})
    figure.update_xaxes(title_text="label-smoothing factor")
    figure.update_yaxes(type="log", exponentformat="power", dtick=1, col=1)
    figure.update_yaxes(tickformat=".0%", range=[-0.03, 1.03], col=2)
    shown = [int(np.abs(factors - a).argmin()) for a in (-0.3, -0.05, 0.0, 0.05, 0.3)]
    medians = "; ".join(f"{middle[i]:.3g} at {factor_name(factors[i])}" for i in shown)
    shares = "; ".join(
        f"{start} " + ", ".join(f"{share[i]:.0%} at {factor_name(factors[i])}" for i in shown)
        for start, share in zip(starts, inside, strict=True)
    )
    alt = (
        f"Left, a curve over the smoothing factor of the distance from the result to the training data, {starts[0]}; "
        f"medians: {medians}. Right, the share of results inside the cloud: {shares}."
    )
    return Drawn(figure, alt, {"median_log": np.log10(middle), "inside": inside})


def _line(x: np.ndarray, y: np.ndarray, index: int, name: str, hover: str) -> go.Scatter:
    look = {"line": {"color": OKABE_ITO[index], "width": 2.5}, "marker": {"symbol": MARKERS[index], "size": 7}}
    hover = f"smoothing %{{x:+.3f}}: {hover}<extra></extra>"
    return go.Scatter(x=x, y=y, mode="lines+markers", name=name, hovertemplate=hover, **look)


def loss_surfaces(models: Mapping[float, ToyClassifier]) -> Drawn:
    """The attacker's loss over the plane, in 3-D, one panel for each factor, all on one scale."""
    axis, plane = _plane(SURFACE_CELLS)
    with torch.no_grad():
        losses = {
            a: -model(plane).log_softmax(dim=1)[:, TARGET].reshape(SURFACE_CELLS, SURFACE_CELLS).numpy()
            for a, model in models.items()
        }
    titles, specs = [f"smoothing {factor_name(a)}" for a in models], [[{"type": "surface"}] * len(models)]
    figure = make_subplots(cols=len(models), specs=specs, horizontal_spacing=0.01, subplot_titles=titles)
    highest = {a: float(loss.max()) for a, loss in losses.items()}
    top = max(highest.values())
    for column, loss in enumerate(losses.values(), start=1):
        surface = go.Surface(x=axis, y=axis, z=loss.round(3), colorscale="Cividis", showscale=False, cmin=0, cmax=top)
        figure.add_trace(surface, row=1, col=column)
    figure.update_layout(base_layout(f"The hill that the attacker walks down: loss of {CLASS_NAMES[TARGET]}"))
    figure.update_scenes(
        xaxis_title="first",
        yaxis_title="second",
        zaxis={"title": {"text": "loss"}, "range": [0, top]},  # one scale: a gentle slope looks gentle
        aspectmode="cube",
        camera_eye={"x": -1.9, "y": -2.1, "z": 1.2},
    )
    words = "; ".join(f"{value:.1f} with smoothing {factor_name(a)}" for a, value in highest.items())
    alt = f"Surfaces of the attacker's loss over the plane, flat near the target class. Highest loss: {words}."
    quantiles = np.stack([np.quantile(loss, (0.1, 0.5, 0.9, 1.0)) for loss in losses.values()])
    return Drawn(figure, alt, {"loss_quantiles": quantiles})


def order_strip(table: pd.DataFrame, starts: Sequence[Sequence[float]]) -> Drawn:
    """Distance and steps of every attack on the paper's three factors, a marker for each start, with the medians.

    `table` is that of `mia-kit run toy_order`, and `starts` are the points that its units number; diamonds are the
    paper's figures (one seed, one start).
    """
    factors = sorted(table["strength"].unique(), reverse=True)
    names, three = [factor_name(a) for a in factors], [0, 1, 2]
    titles = ("distance to the nearest training point", "attack steps")
    figure = make_subplots(cols=2, subplot_titles=titles, horizontal_spacing=0.1)
    outline, medians = {"width": 2.5, "color": "black"}, {}
    for column, (quantity, published) in enumerate(PAPER.items(), start=1):
        rows = table[table["measure"] == quantity].sort_values(["seed", "unit"])
        values = np.stack(  # (factors, seeds, starts)
            [rows.loc[rows["strength"] == a, "value"].to_numpy().reshape(-1, len(starts)) for a in factors]
        )
        medians[quantity] = np.median(values, axis=(1, 2))
        stroke = {"symbol": "line-ew", "size": 30, "color": "black", "line": outline}
        diamond = {"symbol": "diamond", "size": 11, "color": "white", "line": outline}
        drawn = _strips(values, starts)
        for name, heights, look in (("median of all", medians[quantity], stroke), ("paper", published, diamond)):
            drawn.append(go.Scatter(x=three, y=heights, mode="markers", name=name, legendgroup=name, marker=look))
        for trace in drawn:
            figure.add_trace(trace.update(showlegend=column == 1), row=1, col=column)
    title = "Does the order hold for other seeds and starts?"
    figure.update_layout(base_layout(title, height=480, legend=legend_below(0.2)))
    figure.update_xaxes(tickvals=three, ticktext=names, title_text="label-smoothing factor")
    figure.update_yaxes(type="log", exponentformat="power", dtick=1)
    told = zip(names, medians["distance"], medians["steps"], strict=True)
    words = "; ".join(f"smoothing {name}: distance {far:.2f}, {steps:.0f} steps" for name, far, steps in told)
    return Drawn(figure, f"Every attack as a dot, for three factors. Medians: {words}.", medians)


def _strips(values: np.ndarray, starts: Sequence[Sequence[float]]) -> list[go.Scatter]:
    """One trace for each start: dots at each factor, spread sideways by seed so that they can be told apart."""
    factors, seeds, _ = values.shape
    strips = []
    for index, (x, y) in enumerate(starts):
        offset = (np.arange(seeds) / seeds - 0.5) * 0.12 + (index - (len(starts) - 1) / 2) * 0.14
        across, look = (np.arange(factors)[:, None] + offset).ravel(), {"symbol": MARKERS[index], "size": 5}
        look |= {"color": OKABE_ITO[index], "opacity": 0.7}
        dots = go.Scatter(x=across, y=values[:, :, index].ravel(), mode="markers", marker=look)
        dots.update(name=f"from ({x:g}, {y:g})", legendgroup=f"start {index}", hovertemplate="%{y:.3g}<extra></extra>")
        strips.append(dots)
    return strips
