"""The figures of chapter 2: where the people lie in the last hidden layer, and how that moves with the factor.

They follow figures 4 and 5 of Struppek, Hintersdorf and Kersting, "Be Careful What You Smooth For" (ICLR 2024).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mia_kit.figures.style import MARKERS, OKABE_ITO, Drawn, base_layout, factor_name, translucent
from mia_kit.metrics import ScaledDistances, mean_interval, scaled_distances

QUIET = "#b5b5b5"
WITHIN, BETWEEN = OKABE_ITO[0], OKABE_ITO[1]
PANELS = {"mean": "mean distance of a sample", "nearest": "distance to the nearest sample"}


def tsne_morph(
    coordinates: Mapping[float, np.ndarray],
    labels: np.ndarray,
    *,
    class_names: Sequence[str],
    is_training: np.ndarray | None = None,
    highlighted: Sequence[int] | None = None,
    start: float = 0.0,
) -> Drawn:
    """A t-SNE map with a slider over the factors; without a kernel it works in the page itself.

    Parameters
    ----------
    coordinates : factor -> array of shape (n, 2) in the unit circle, as `metrics.morphing_tsne` returns them
    labels : integer array of shape (n,)
    class_names : a name for each class
    is_training : bool array of shape (n,); training samples are drawn filled, the others open. All filled by default.
    highlighted : up to 49 classes with their own colour and marker, the others small and grey; 8 by default, evenly
        chosen
    start : the factor that is shown first; the nearest one that there is
    """
    factors = sorted(coordinates)
    classes = np.unique(labels)
    if highlighted is None:
        highlighted = classes[np.linspace(0, len(classes) - 1, min(8, len(classes))).astype(int)].tolist()
    filled = np.ones(len(labels), dtype=bool) if is_training is None else is_training
    groups = _groups(labels, highlighted)
    ratios = {factor: scaled_distances(coordinates[factor], labels).mean_ratio for factor in factors}
    shown = min(factors, key=lambda factor: abs(factor - start))
    figure = go.Figure(
        data=[_marks(coordinates[shown], members, style, filled, class_names) for style, members in groups],
        frames=[
            go.Frame(
                name=f"{factor:g}",
                data=[go.Scatter(x=points[members, 0], y=points[members, 1]) for _, members in groups],
                layout={"title": {"text": _map_title(factor, ratios[factor])}},
                traces=list(range(len(groups))),
            )
            for factor, points in ((factor, coordinates[factor].round(3)) for factor in factors)
        ],
    )
    figure.update_layout(base_layout(_map_title(shown, ratios[shown]), height=640))
    figure.update_layout(legend={"itemsizing": "constant"}, margin_b=90, sliders=[_slider(factors, shown)])
    figure.update_xaxes(range=(-1.05, 1.05), showticklabels=False, constrain="domain")
    figure.update_yaxes(range=(-1.05, 1.05), showticklabels=False, scaleanchor="x", constrain="domain")
    words = "; ".join(f"{factor_name(factor)}: {ratios[factor]:.2f}" for factor in factors)
    marks = "" if is_training is None else " Filled marks are training samples, open ones are held out."
    alt = (
        f"t-SNE maps of the penultimate activations of {len(labels)} samples of {len(classes)} classes, one map for "
        f"each smoothing factor, {len(highlighted)} classes in colour.{marks} Mean distance within a class, divided by "
        f"the one between classes, in the map: {words}."
    )
    return Drawn(figure, alt, {"factors": np.array(factors), "ratio": np.array([ratios[a] for a in factors])})


def distance_distributions(histograms: Mapping[str, np.ndarray], factors: Sequence[float]) -> Drawn:
    """Figure 5 of the paper: one row for each factor, distances within a class against those between classes.

    Parameters
    ----------
    histograms : mean_within, mean_between, nearest_within and nearest_between, each an array of shape (factors, bins)
        of counts in equal bins of [0, 1], as `metrics.distance_histograms` returns them
    factors : the factors of the rows, from the bottom
    """
    figure = make_subplots(cols=2, subplot_titles=list(PANELS.values()), shared_yaxes=True, horizontal_spacing=0.03)
    for column, panel in enumerate(PANELS, start=1):
        for row in range(len(factors)):
            for trace in _ridge(histograms, panel, row, legend=row == 0 and column == 1):
                figure.add_trace(trace, row=1, col=column)
    height = 150 + 90 * len(factors)
    figure.update_layout(base_layout("Distances in the last hidden layer, divided by the greatest", height=height))
    figure.update_layout(legend={"orientation": "h", "y": -60 / height, "yanchor": "top"}, margin={"t": 90, "b": 90})
    figure.update_xaxes(range=(0, 1), title_text="scaled distance")
    names = [factor_name(factor) for factor in factors]
    figure.update_yaxes(tickvals=list(range(len(factors))), ticktext=names, range=(-0.15, len(factors)))
    figure.update_yaxes(title_text="smoothing", col=1)
    means = {kind: _histogram_means(counts) for kind, counts in histograms.items()}
    words = "; ".join(
        f"smoothing {name}: within {means['mean_within'][row]:.2f}, between {means['mean_between'][row]:.2f}, "
        f"nearest within {means['nearest_within'][row]:.2f}, nearest between {means['nearest_between'][row]:.2f}"
        for row, name in enumerate(names)
    )
    alt = f"Distributions of scaled distances of penultimate activations, one row for each factor. Means: {words}."
    return Drawn(figure, alt, means)


def ratio_against_factor(
    by_seed: Mapping[str, np.ndarray], factors: Sequence[float], *, quantity: str = "distance within / between people"
) -> Drawn:
    """A quantity against the factor: a faint point for each seed, the mean with its 95 % interval.

    Parameters
    ----------
    by_seed : name of a line -> array of shape (seeds, factors); a single seed is drawn without interval
    factors : the factors, ascending
    quantity : title of the vertical axis
    """
    figure, arrays, words = go.Figure(), {}, []
    for place, (name, values) in enumerate(by_seed.items()):
        values = np.asarray(values, dtype=float)
        mean = values.mean(axis=0)
        half = np.zeros_like(mean)
        if len(values) > 1:
            half = np.array([(one := mean_interval(column)).high - one.value for column in values.T])
        figure.add_traces(_curve(name, OKABE_ITO[place], MARKERS[place], factors, values, half))
        arrays |= {f"{name}: mean": mean, f"{name}: half interval": half}
        figures = ", ".join(f"{factor_name(a)}: {m:.3f} ± {h:.3f}" for a, m, h in zip(factors, mean, half, strict=True))
        words.append(f"{name}: {figures}")
    seeds = len(next(iter(by_seed.values())))
    figure.update_layout(base_layout(f"{quantity[0].upper()}{quantity[1:]} ({seeds} seeds)"))
    figure.update_xaxes(title_text="smoothing factor", tickvals=list(factors), ticktext=[f"{a:g}" for a in factors])
    figure.update_yaxes(title_text=quantity)
    alt = f"{quantity} against the smoothing factor, mean of {seeds} seeds ± 95 % interval. {'; '.join(words)}."
    return Drawn(figure, alt, arrays)


def _groups(labels: np.ndarray, highlighted: Sequence[int]) -> list[tuple[int | None, np.ndarray]]:
    """What is drawn together: all quiet classes (None) first, below the others, then each highlighted class."""
    quiet = np.flatnonzero(~np.isin(labels, highlighted))
    groups: list[tuple[int | None, np.ndarray]] = [(None, quiet)] if len(quiet) else []
    return groups + [(int(label), np.flatnonzero(labels == label)) for label in highlighted]


def _marks(
    points: np.ndarray, members: np.ndarray, label: int | None, name: str, place: int, filled: np.ndarray
) -> go.Scatter:
    """One group of a map. The place in the list of highlighted classes gives a pair of colour and marker."""
    colour, marker = OKABE_ITO[place % 7], MARKERS[(place + place // 7) % 7]
    symbols = [marker if one else f"{marker}-open" for one in filled[members]]
    style = {"color": colour, "symbol": symbols, "size": 10, "line": {"width": 1.5}}
    if label is None:
        style = {"color": QUIET, "symbol": ["circle" if one else "circle-open" for one in filled[members]], "size": 4}
    return go.Scatter(
        x=points[members, 0], y=points[members, 1], mode="markers", name=name, marker=style, hoverinfo="name"
    )


def _map_title(factor: float, ratio: float) -> str:
    return f"Smoothing {factor_name(factor)}: in the map, distance within / between classes is {ratio:.2f}"


def _slider(factors: Sequence[float], shown: float) -> dict:
    """The client-side slider: each step animates to the frame of its factor."""
    move = {"mode": "immediate", "frame": {"duration": 300, "redraw": False}, "transition": {"duration": 300}}
    steps = [
        {"label": factor_name(factor), "method": "animate", "args": [[f"{factor:g}"], move]} for factor in factors
    ]
    return {"steps": steps, "active": factors.index(shown), "currentvalue": {"prefix": "smoothing factor: "}, "pad": {"t": 30}}


def _ridge(histograms: Mapping[str, np.ndarray], panel: str, row: int, *, legend: bool) -> list[go.Scatter]:
    """Both outlines of one row. All rows of a panel share one scale, so that areas can be compared."""
    tallest = max(float(np.max(_shares(histograms[f"{panel}_{kind}"]))) for kind in ("within", "between"))
    traces = []
    for kind, colour, dash in (("within", WITHIN, "solid"), ("between", BETWEEN, "dash")):
        shares = _shares(histograms[f"{panel}_{kind}"])[row]
        edges = np.linspace(0, 1, len(shares) + 1)
        traces.append(
            go.Scatter(
                x=np.concatenate([edges[:1], np.repeat(edges[1:-1], 2), edges[-1:]]),
                y=row + 0.85 * np.repeat(shares, 2) / tallest,
            )
        )
    return traces
