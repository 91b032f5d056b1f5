"""The distances of chapter 2: within against between people, and how their ratio depends on the smoothing factor.

Follows figure 5 of Struppek, Hintersdorf and Kersting, "Be Careful What You Smooth For" (ICLR 2024).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mia_kit.figures.series import seed_points, series
from mia_kit.figures.style import OKABE_ITO, Drawn, base_layout, factor_name, legend_below, translucent
from mia_kit.metrics import mean_interval

PANELS = {"": "mean distance", "nearest_": "distance to the nearest photograph"}
# kind, colour, dash: the outlines differ without colour too
OUTLINES = (("within", OKABE_ITO[0], "solid"), ("between", OKABE_ITO[1], "dash"))
BINS = 40
ROW_HEIGHT = 0.85  # of the tallest bar of a panel; rows stand 1 apart


def distance_distributions(table: pd.DataFrame) -> Drawn:
    """One row for each factor: distances within a class against those between classes.

    `table` is the study's of embeddings, or part of it: each row of within, between, nearest_within and
    nearest_between, in [0, 1], counts once. Factors rise from the bottom.
    """
    factors, groups = sorted(table["strength"].dropna().unique()), table.groupby(["measure", "strength"])["value"]
    kinds = [f"{panel}{kind}" for panel in PANELS for kind, _, _ in OUTLINES]
    rows = {kind: [groups.get_group((kind, factor)).to_numpy() for factor in factors] for kind in kinds}
    shares = {  # of the values in each of equal bins of [0, 1]
        kind: np.stack([np.histogram(values, BINS, (0, 1))[0] / len(values) for values in of_factors])
        for kind, of_factors in rows.items()
    }
    figure = make_subplots(cols=2, subplot_titles=list(PANELS.values()), shared_yaxes=True, horizontal_spacing=0.03)
    for column, panel in enumerate(PANELS, start=1):
        for trace in _ridges(shares, panel, rows=len(factors), legend=column == 1):
            figure.add_trace(trace, row=1, col=column)
    names = [factor_name(factor) for factor in factors]
    title = "Distances in the last hidden layer, as shares of the greatest"
    legend = legend_below(-1 - 5 / (7 * len(factors))) | {"x": 0}
    figure.update_layout(base_layout(title, 190 + 70 * len(factors), margin={"t": 120, "l": 130}, legend=legend))
    figure.update_xaxes(range=(0, 1), title_text="scaled distance")
    figure.update_yaxes(tickvals=list(range(len(factors))), ticktext=names, range=(-0.1, len(factors)))
    means = {kind: np.array([values.mean() for values in of_factors]) for kind, of_factors in rows.items()}
    words = "; ".join(
        f"smoothing {name}: " + ", ".join(f"{kind.replace('_', ' ')} {means[kind][row]:.2f}" for kind in means)
        for row, name in enumerate(names)
    )
    alt = f"Distributions of scaled distances of penultimate activations, one row for each factor. Means: {words}."
    return Drawn(figure, alt, means)


def ratio_against_factor(by_seed: Mapping[str, np.ndarray], factors: Sequence[float]) -> Drawn:
    """The ratio of distances against the factor: a faint point for each seed, and the mean with its 95 % interval.

    by_seed : name of a line -> array of shape (seeds, factors); a single seed is drawn without interval
    factors : the factors, ascending
    """
    figure, words = go.Figure(), []
    arrays: dict[str, np.ndarray] = {}
    for place, (name, rows) in enumerate(by_seed.items()):
        values = np.asarray(rows, dtype=float)
        mean, half = values.mean(axis=0), _half_intervals(values)
        ends = pd.DataFrame({"value": mean, "low": mean - half, "high": mean + half})
        figure.add_trace(seed_points(np.asarray(factors), values.T, place, size=6, legendgroup=name))
        shown, hover = ends if half.any() else mean.round(4), ", smoothing %{x:g}: %{y:.3f}"
        figure.add_trace(series(factors, shown, name, place, hover, size=10, thickness=1.5, legendgroup=name))
        arrays |= {f"{name}: mean": mean, f"{name}: half interval": half}
        spread = [
            f"{factor:g}: {value:.3f}" + (f" ± {margin:.3f}" if margin else "")
            for factor, value, margin in zip(factors, mean, half, strict=True)
        ]
        words.append(f"{name}: {', '.join(spread)}")
    seeds = len(next(iter(by_seed.values())))
    title = f"Distance within / between people, {seeds} seed{'s'[: seeds != 1]}"
    figure.update_layout(base_layout(title, legend=legend_below(0.2)))
    figure.update_xaxes(title_text="smoothing factor", tickvals=list(factors), ticktext=[f"{a:g}" for a in factors])
    figure.update_yaxes(title_text="distance within / between people")
    base = f"mean over {seeds} seeds with 95 % interval" if seeds > 1 else "one seed"
    alt = f"distance within / between people for each smoothing factor, {base}. {'; '.join(words)}."
    return Drawn(figure, alt, arrays)


def _ridges(shares: Mapping[str, np.ndarray], panel: str, *, rows: int, legend: bool) -> list[go.Scatter]:
    """Filled outlines of all rows, from the top, so that a lower row covers the one behind. One scale for a panel."""
    tallest = max(shares[f"{panel}{kind}"].max() for kind, _, _ in OUTLINES)
    ridges = []
    for row in reversed(range(rows)):
        for kind, colour, dash in OUTLINES:
            bars = shares[f"{panel}{kind}"][row] / tallest * ROW_HEIGHT
            filled = np.flatnonzero(bars)
            bars, edges = bars[filled[0] : filled[-1] + 1], np.linspace(0, 1, len(bars) + 1)[filled[0] : filled[-1] + 2]
            ridges.append(
                go.Scatter(
                    x=np.repeat(edges, 2).round(4),
                    y=(row + np.concatenate([[0], np.repeat(bars, 2), [0]])).round(4),
                    mode="lines",
                    line={"color": colour, "dash": dash, "width": 1.5},
                    fill="toself",
                    fillcolor=translucent(colour, 0.25),
                    name=f"{kind} a class" if kind == "within" else "between classes",
                    legendgroup=kind,
                    showlegend=legend and row == 0,
                    hoverinfo="skip",
                )
            )
    return ridges


def _half_intervals(values: np.ndarray) -> np.ndarray:
    """Half the width of each column's interval over seeds; zero where a single seed gives none."""
    if len(values) < 2:
        return np.zeros(values.shape[1])
    intervals = [mean_interval(column) for column in values.T]
    return np.array([interval.high - interval.value for interval in intervals])
