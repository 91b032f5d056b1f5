"""The figures of chapter 1: where the attacker ends, how he gets there, and how that depends on the factor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import torch
from plotly.subplots import make_subplots

from mia_kit import check
from mia_kit.figures.style import (
    CLASS_NAMES,
    MARKERS,
    OKABE_ITO,
    Drawn,
    base_layout,
    factor_name,
    translucent,
)
from mia_kit.metrics.intervals import share_interval
from mia_kit.toy import GridInversions, InversionPath, ToyClassifier, ToyData

EXTENT = (-16.0, 16.0)  # both axes of every map
INSIDE = 1.0  # a result this near to a training point lies inside the cloud, whose standard deviation is 1.6


def decision_maps(
    models: Mapping[float, ToyClassifier],
    paths: Mapping[float, InversionPath],
    data: ToyData,
    cells: int = 80,
) -> Drawn:
    """One map for each factor: class regions shaded by confidence, training points, the attacker's path and its end.

    `models` and `paths` have the same factors as keys, in the order of the panels.
    """
    titles = [
        f"smoothing {factor_name(a)}<br>{path.steps:,} steps, distance {path.distance:.2f}" for a, path in paths.items()
    ]
    figure = make_subplots(rows=1, cols=len(models), subplot_titles=titles, shared_yaxes=True, horizontal_spacing=0.02)
    for column, (factor, model) in enumerate(models.items(), start=1):
        traces = [
            *_regions(model, cells),
            *_points(data, column == 1),
            *_path(paths[factor], data, column == 1),
        ]
        for trace in traces:
            figure.add_trace(trace, row=1, col=column)
    figure.update_layout(base_layout("Where the attacker ends", height=520))
    figure.update_layout(legend={"orientation": "h", "y": -0.2}, margin_t=110)
    figure.update_xaxes(range=EXTENT, constrain="domain", title_text="first coordinate")
    figure.update_yaxes(range=EXTENT, scaleanchor="x", constrain="domain")
    figure.update_yaxes(title_text="second coordinate", col=1)
    steps = np.array([path.steps for path in paths.values()], dtype=float)
    distance = np.array([path.distance for path in paths.values()])
    ends = "; ".join(
        f"with smoothing {factor_name(a)} it stops after {path.steps} steps, {path.distance:.2f} from the nearest "
        f"training point of {CLASS_NAMES[path.target_class]}"
        for a, path in paths.items()
    )
    alt = f"Maps of the classifier's regions, one for each factor, with the attacker's path drawn on them: {ends}."
    return Drawn(figure, alt, {"steps": steps, "distance": distance})


def _regions(model: ToyClassifier, cells: int) -> list[go.Heatmap]:
    axis = torch.linspace(*EXTENT, check.count("cells", cells, 2))
    first, second = torch.meshgrid(axis, axis, indexing="xy")
    with torch.no_grad():
        confidence = model(torch.stack([first, second], dim=-1).reshape(-1, 2)).softmax(dim=1)
    best, winner = confidence.max(dim=1)
    regions = []
    for index, (name, colour) in enumerate(zip(CLASS_NAMES, OKABE_ITO, strict=False)):
        shown = torch.where(winner == index, best, torch.nan).reshape(cells, cells).numpy().round(3)
        regions.append(
            go.Heatmap(
                x=axis.numpy(),
                y=axis.numpy(),
                z=shown,
                zmin=1 / 3,
                zmax=1,
                showscale=False,
                colorscale=[[0, translucent(colour, 0.05)], [1, translucent(colour, 0.5)]],
                hovertemplate=f"{name}, confidence %{{z:.2f}}<extra></extra>",
            )
        )
    return regions


def _points(data: ToyData, legend: bool) -> list[go.Scatter]:
    return [
        go.Scatter(
            x=data.of_class(index)[:, 0].numpy(),
            y=data.of_class(index)[:, 1].numpy(),
            mode="markers",
            name=f"training points, {name}",
            legendgroup=name,
            showlegend=legend,
            marker={
                "color": OKABE_ITO[index],
                "symbol": MARKERS[index],
                "size": 5,
                "line": {"color": "white", "width": 0.5},
            },
            hoverinfo="skip",
        )
        for index, name in enumerate(CLASS_NAMES)
    ]


def _path(path: InversionPath, data: ToyData, legend: bool) -> list[go.Scatter]:
    every = max(1, len(path.points) // 400)  # a long path has thousands of points, far closer than a pixel
    walked = torch.cat([path.points[::every], path.points[-1:]]).numpy()
    points = data.of_class(path.target_class)
    nearest = points[torch.cdist(path.result[None], points).argmin()].numpy()
    end = path.result.numpy()
    return [
        go.Scatter(
            x=walked[:, 0],
            y=walked[:, 1],
            mode="lines",
            line={"color": "black", "width": 2.5},
            name="attacker's path",
            legendgroup="path",
            showlegend=legend,
            hoverinfo="skip",
        ),
        go.Scatter(
            x=[end[0], nearest[0]],
            y=[end[1], nearest[1]],
            mode="lines",
            line={"color": "black", "width": 2, "dash": "dot"},
            name="distance to the nearest training point",
            legendgroup="distance",
            showlegend=legend,
            hoverinfo="skip",
        ),
        go.Scatter(
            x=[path.points[0, 0], end[0]],
            y=[path.points[0, 1], end[1]],
            mode="markers",
            name="start (ring) and result (star)",
            legendgroup="ends",
            showlegend=legend,
            marker={
                "color": "white",
                "size": [11, 15],
                "symbol": ["circle", "star"],
                "line": {"color": "black", "width": 2},
            },
            hovertemplate="(%{x:.1f}, %{y:.1f})<extra></extra>",
        ),
    ]


def path_curves(paths: Mapping[float, InversionPath]) -> Drawn:
    """Confidence in the target class, and length of the gradient, at each step of each path."""
    figure = make_subplots(rows=1, cols=2, subplot_titles=("confidence in the target class", "length of the gradient"))
    for (factor, path), colour, dash in zip(paths.items(), OKABE_ITO, ("solid", "dash", "dot"), strict=False):
        step = np.unique(np.geomspace(1, len(path.gradient_norms), 300).astype(int))
        line = {"color": colour, "dash": dash, "width": 2.5}
        name = f"smoothing {factor_name(factor)}"
        for column, values in ((1, path.confidences), (2, path.gradient_norms)):
            figure.add_trace(
                go.Scatter(
                    x=step,
                    y=values.numpy()[step - 1],
                    name=name,
                    line=line,
                    legendgroup=name,
                    showlegend=column == 1,
                    mode="lines",
                ),
                row=1,
                col=column,
            )
    figure.update_layout(base_layout("What the attacker feels on the way"))
    figure.update_layout(legend={"orientation": "h", "y": -0.25})
    figure.update_xaxes(type="log", title_text="attack step")
    figure.update_yaxes(type="log", exponentformat="power", col=2)
    middle = {a: float(path.gradient_norms.median()) for a, path in paths.items()}
    alt = "Two curves over attack steps for each factor. Median length of the gradient along the path: " + "; ".join(
        f"{value:.3g} with smoothing {factor_name(a)}" for a, value in middle.items()
    )
    return Drawn(figure, alt + ".", {"median_gradient_norm": np.array(list(middle.values()))})


def leakage_curve(inversions: GridInversions) -> Drawn:
    """Left: distance from the result to the training data over the factor, from the first start, over seeds.

    Right: share of seeds whose result lies inside the cloud (nearer than `INSIDE`), from each start, with Wilson's 95 %
    interval. Distances span five decades, so the left axis is logarithmic.
    """
    factors = np.array(inversions.smoothings)
    low, middle, high = np.quantile(inversions.distance[:, :, 0], (0.1, 0.5, 0.9), axis=1)  # (3, factors)
    inside = (inversions.distance < INSIDE).mean(axis=1).T  # (starts, factors)
    starts = [f"from ({x:g}, {y:g})" for x, y in inversions.starts]
    figure = make_subplots(
        rows=1,
        cols=2,
        horizontal_spacing=0.12,
        subplot_titles=(
            f"distance to the nearest training point, {starts[0]}",
            f"share of results inside the cloud (nearer than {INSIDE:g})",
        ),
    )
    seeds = len(inversions.seeds)
    figure.add_traces(_band(factors, low, high, OKABE_ITO[0], f"10th to 90th percentile of {seeds} seeds"), 1, 1)
    figure.add_trace(_line(factors, middle, 0, "median over seeds", "distance %{y:.3g}"), 1, 1)
    for index, (start, share) in enumerate(zip(starts, inside, strict=True)):
        ends = [share_interval(round(value * seeds), seeds) for value in share]
        lower, upper = np.array([(end.low, end.high) for end in ends]).T
        figure.add_traces(_band(factors, lower, upper, OKABE_ITO[index], None), 1, 2)
        figure.add_trace(_line(factors, share, index, start, "share %{y:.0%}"), 1, 2)
    figure.update_layout(base_layout("How near the attacker comes, by factor"))
    figure.update_layout(legend={"orientation": "h", "y": -0.3})
    figure.add_vline(0, line={"dash": "dot", "color": "#555555"})
    figure.update_xaxes(title_text="label-smoothing factor")
    figure.update_yaxes(type="log", exponentformat="power", dtick=1, col=1)
    figure.update_yaxes(tickformat=".0%", range=[-0.03, 1.03], col=2)
    shown = [int(np.abs(factors - a).argmin()) for a in (-0.3, -0.05, 0.0, 0.05, 0.3)]
    alt = (
        f"Left, a curve over the smoothing factor of the distance from the result to the training data, {starts[0]}; "
        "medians: " + "; ".join(f"{middle[i]:.3g} at {factor_name(factors[i])}" for i in shown) + ". Right, the share "
        "of results inside the cloud: "
        + "; ".join(
            f"{start} " + ", ".join(f"{share[i]:.0%} at {factor_name(factors[i])}" for i in shown)
            for start, share in zip(starts, inside, strict=True)
        )
    )
    return Drawn(figure, alt + ".", {"median_log": np.log10(middle), "inside": inside})


def _band(x: np.ndarray, low: np.ndarray, high: np.ndarray, colour: str, name: str | None) -> go.Scatter:
    return go.Scatter(
        x=np.concatenate([x, x[::-1]]),
        y=np.concatenate([high, low[::-1]]),
        fill="toself",
        fillcolor=translucent(colour, 0.18),
        line={"width": 0},
        mode="lines",
        name=name,
        showlegend=name is not None,
        hoverinfo="skip",
    )


def _line(x: np.ndarray, y: np.ndarray, index: int, name: str, hover: str) -> go.Scatter:
    return go.Scatter(
        x=x,
        y=y,
        mode="lines+markers",
        name=name,
        line={"color": OKABE_ITO[index], "width": 2.5},
        marker={"symbol": MARKERS[index], "size": 7},
        hovertemplate=f"smoothing %{{x:+.3f}}: {hover}<extra></extra>",
    )


def loss_surfaces(models: Mapping[float, ToyClassifier], target_class: int = 2, cells: int = 50) -> Drawn:
    """The attacker's loss over the plane, in 3-D, one panel for each factor, all on one scale."""
    target_class = check.count("target_class", target_class, 0, len(CLASS_NAMES) - 1)
    axis = torch.linspace(*EXTENT, check.count("cells", cells, 2))
    first, second = torch.meshgrid(axis, axis, indexing="xy")
    plane = torch.stack([first, second], dim=-1).reshape(-1, 2)
    with torch.no_grad():
        losses = {
            a: -model(plane).log_softmax(dim=1)[:, target_class].reshape(cells, cells).numpy()
            for a, model in models.items()
        }
    figure = make_subplots(
        rows=1,
        cols=len(models),
        specs=[[{"type": "surface"}] * len(models)],
        horizontal_spacing=0.01,
        subplot_titles=[f"smoothing {factor_name(a)}" for a in models],
    )
    top = max(float(loss.max()) for loss in losses.values())
    for column, loss in enumerate(losses.values(), start=1):
        surface = go.Surface(x=axis.numpy(), y=axis.numpy(), z=loss.round(3), colorscale="Cividis", showscale=False)
        surface.update(cmin=0, cmax=top)
        figure.add_trace(surface, row=1, col=column)
    figure.update_layout(base_layout(f"The hill that the attacker walks down: loss of {CLASS_NAMES[target_class]}"))
    figure.update_scenes(
        xaxis_title="first",
        yaxis_title="second",
        zaxis={"title": {"text": "loss"}, "range": [0, top]},  # one scale: a gentle slope looks gentle
        aspectmode="cube",
        camera_eye={"x": -1.9, "y": -2.1, "z": 1.2},
    )
    highest = {a: float(loss.max()) for a, loss in losses.items()}
    alt = "Surfaces of the attacker's loss over the plane, flat near the target class. Highest loss: " + "; ".join(
        f"{value:.1f} with smoothing {factor_name(a)}" for a, value in highest.items()
    )
    quantiles = np.stack([np.quantile(loss, (0.1, 0.5, 0.9, 1.0)) for loss in losses.values()])
    return Drawn(figure, alt + ".", {"loss_quantiles": quantiles})


def order_strip(table: pd.DataFrame, starts: Sequence[Sequence[float]]) -> Drawn:
    """Distance and steps of every attack on the paper's three factors, a marker for each start, with the medians.

    `table` is that of `mia-kit run toy_order`, and `starts` are the points that its units number; diamonds are the
    paper's figures (one seed, one start).
    """
    factors = sorted(table["strength"].unique(), reverse=True)
    names = [factor_name(a) for a in factors]
    published = {"distance": (0.65, 3.23, 6.75), "steps": (3113, 763, 53)}
    titles = ("distance to the nearest training point", "attack steps")
    figure = make_subplots(rows=1, cols=2, subplot_titles=titles, horizontal_spacing=0.1)
    medians = {}
    for column, quantity in enumerate(published, start=1):
        rows = table[table["measure"] == quantity].sort_values(["seed", "unit"])
        values = np.stack(  # (factors, seeds, starts)
            [rows.loc[rows["strength"] == a, "value"].to_numpy().reshape(-1, len(starts)) for a in factors]
        )
        medians[quantity] = np.median(values, axis=(1, 2))
        figure.add_traces(_strips(values, starts, column == 1), rows=1, cols=column)
        summary = (
            ("median of all", medians[quantity], "line-ew", "black"),
            ("paper", published[quantity], "diamond", "white"),
        )
        for name, heights, symbol, fill in summary:
            marker = {
                "symbol": symbol,
                "size": 30 if symbol == "line-ew" else 11,
                "color": fill,
                "line": {"width": 2.5, "color": "black"},
            }
            trace = go.Scatter(
                x=[0, 1, 2],
                y=heights,
                mode="markers",
                name=name,
                legendgroup=name,
                showlegend=column == 1,
                marker=marker,
            )
            figure.add_trace(trace, row=1, col=column)
    figure.update_layout(base_layout("Does the order hold for other seeds and starts?", height=480))
    figure.update_layout(legend={"orientation": "h", "y": -0.2})
    figure.update_xaxes(tickvals=[0, 1, 2], ticktext=names, title_text="label-smoothing factor")
    figure.update_yaxes(type="log", exponentformat="power", dtick=1)
    alt = "Every attack as a dot, for three factors. Medians: " + "; ".join(
        f"smoothing {name}: distance {d:.2f}, {s:.0f} steps"
        for name, d, s in zip(names, medians["distance"], medians["steps"], strict=True)
    )
    return Drawn(figure, alt + ".", medians)


def _strips(values: np.ndarray, starts: Sequence[Sequence[float]], legend: bool) -> list[go.Scatter]:
    """One trace for each start: dots at each factor, spread sideways by seed so that they can be told apart."""
    factors, seeds, _ = values.shape
    traces = []
    for index, (x, y) in enumerate(starts):
        offset = (np.arange(seeds) / seeds - 0.5) * 0.12 + (index - (len(starts) - 1) / 2) * 0.14
        traces.append(
            go.Scatter(
                x=(np.arange(factors)[:, None] + offset).ravel(),
                y=values[:, :, index].ravel(),
                mode="markers",
                name=f"from ({x:g}, {y:g})",
                legendgroup=f"start {index}",
                showlegend=legend,
                marker={"color": OKABE_ITO[index], "symbol": MARKERS[index], "size": 5, "opacity": 0.7},
                hovertemplate="%{y:.3g}<extra></extra>",
            )
        )
    return traces
