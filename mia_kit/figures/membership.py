"""Membership inference in four pictures: ROC curves, mechanisms against attacks, distances, the smoothing factor.

After Kaya, Hong and Dumitras, *On the Effectiveness of Regularization Against Membership Inference Attacks* (2020), and
figure 1 of Carlini et al. (S&P 2022), whose axes are both logarithmic. Tables are the study's (`mia-kit run
membership_fashion`), live or from the evidence: columns defence, strength, seed, attack, measure, value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mia_kit.figures.series import band, seed_points, series
from mia_kit.figures.style import Drawn, base_layout, legend_below
from mia_kit.metrics import mean_interval

ATTACKS = {
    "average": "average",
    "powerful": "powerful",
    "augmented": "augmented",
    "shadow": "shadow",
    "lira": "LiRA",
    "lira_unaware": "LiRA, unaware",
}
AREAS = {"average": "loss", "lira": "LiRA", "distance": "distance"}
CURVES = {"loss": "loss", "shadow": "shadow models", "lira": "likelihood ratio", "distance": "distance-to-confident"}
SWEEP = {
    "average attack (advantage)": ("advantage", "average"),
    "powerful attack (advantage)": ("advantage", "powerful"),
    "distance-to-confident (AUC)": ("auc", "distance"),
    "accuracy": ("accuracy",),
}
SIDES = ("members", "non-members")
FEWEST = 3  # models from which on an interval over them is drawn
COLUMNS = {
    "accuracy": ("accuracy",),
    "average": ("advantage", "average"),
    "powerful": ("advantage", "powerful"),
    "LiRA": ("advantage", "lira"),
    "DtC, AUC": ("auc", "distance"),
}


def roc_curves(curves: Mapping[str, Mapping[str, Sequence[float]]], false_positives: Sequence[float]) -> Drawn:
    """True against false positives on logarithmic axes, the diagonal is guessing.

    curves : by attack, `value` at each of `false_positives`, and `low` and `high`, the ends of an interval
    """
    rates = np.asarray(false_positives)
    guessing = {"mode": "lines", "name": "guessing", "line": {"color": "#777777", "width": 1}, "hoverinfo": "skip"}
    figure = go.Figure(go.Scatter(x=rates, y=rates, **guessing))
    words, arrays = [], {}
    for place, (attack, curve) in enumerate(curves.items()):
        name = CURVES.get(attack, attack)
        value, low, high = (np.asarray(curve[end], dtype=float) for end in ("value", "low", "high"))
        drawn = value > 0
        if drawn.any():
            low = low[drawn].clip(rates.min() / 10)
            figure.add_trace(band(rates[drawn], low, high[drawn], place, alpha=0.15))
        hover = ": %{y:.2%} of members at %{x:.2%} false alarms"
        figure.add_trace(series(rates[drawn], value[drawn], name, place, hover, size=6))
        shown = [rate for rate in (0.001, 0.01, 0.1) if rate >= rates[0]]
        words.append(f"{name} " + ", ".join(f"{_at(rates, value, rate):.1%} at {rate:.1%}" for rate in shown))
        arrays[attack] = value
    figure.update_layout(base_layout("Who is found at few false alarms", height=460))
    figure.update_xaxes(range=(np.log10(rates[0]), 0), title_text="non-members called members")
    figure.update_yaxes(range=(np.log10(rates[0]) - 0.1, 0.05), title_text="members found")
    for update in (figure.update_xaxes, figure.update_yaxes):
        update(type="log", tickformat=".1%", dtick=1)
    alt = (
        "ROC curves on axes that are both logarithmic, with 95 % intervals; the diagonal is guessing. Members found at "
        f"shares of false alarms: {'; '.join(words)}."
    )
    return Drawn(figure, alt, arrays)


def as_text(table: pd.DataFrame) -> str:
    """The table with Student's intervals over the models: accuracy, attacks, and an area under the curve."""
    columns = {name: _by_model(table, *path) for name, path in COLUMNS.items()}
    lines = [f"{'mechanism':42}" + "".join(f"{name:22}" for name in columns)]
    for mechanism in columns["accuracy"].index:
        intervals = [mean_interval(column.loc[mechanism]) for column in columns.values()]
        numbers = "".join(f"{own.value:6.3f} [{own.low:6.3f},{own.high:6.3f}] " for own in intervals)
        lines.append(f"{mechanism.replace('_', ' '):42}{numbers}".rstrip())
    return "\n".join(lines)


def heat_map(rows: pd.DataFrame, title: str = "Mechanisms against attacks") -> Drawn:
    """Left: the advantage of each attack on each mechanism; right: areas under the curve. Means over the models.

    Numbers stand in the cells, a bar of colours beside each half; 0 and 0.5 are guessing.
    """
    names = list(_by_model(rows, "accuracy").index)
    there = set(zip(rows["measure"], rows["attack"], strict=True))
    parts = [("advantage", ATTACKS), ("auc", AREAS)]
    shown = [(kind, {own: words for own, words in labels.items() if (kind, own) in there}) for kind, labels in parts]
    figure = make_subplots(
        cols=2,
        shared_yaxes=True,
        horizontal_spacing=0.03,
        column_widths=[len(labels) for _, labels in shown],
        subplot_titles=["advantage", "area under the curve"],
    )
    words, arrays = [], {}
    for column, ((kind, labels), middle) in enumerate(zip(shown, (0.0, 0.5), strict=True), start=1):
        table = np.stack([_by_model(rows, kind, own).mean(axis=1) for own in labels], axis=1)  # (mechanisms, attacks)
        figure.add_heatmap(
            z=table.round(4),
            x=list(labels.values()),
            y=[name.replace("_", " ") for name in names],
            zmin=middle,
            zmax=max(table.max(), middle + 0.1),
            colorscale="Cividis_r",
            colorbar={"title": {"text": kind}, "len": 0.45, "y": 0.76 - 0.52 * (column - 1), "thickness": 14},
            text=[[f"{value:.2f}" for value in own] for own in table],
            texttemplate="%{text}",
            xgap=1,
            ygap=1,
            hovertemplate="%{y}, %{x}: %{z:.3f}<extra></extra>",
            row=1,
            col=column,
        )
        for own, values in zip(labels, table.T, strict=True):
            lines = ", ".join(f"{name} {value:.2f}" for name, value in zip(names, values, strict=True))
            words.append(f"{kind} of {labels[own]}: {lines}")
            arrays[f"{kind} {own}"] = values
    figure.update_layout(base_layout(title, height=26 * len(names) + 190, margin={"l": 300, "b": 90}))
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(showgrid=False, tickangle=-35)
    alt = f"A table in colours, one row for each mechanism, means over models. {'; '.join(words)}."
    return Drawn(figure, alt, arrays)


def distance_curves(within: Mapping[str, Mapping[str, Sequence[float]]], distances: Sequence[float]) -> Drawn:
    """The share of members and of non-members within each distance of being confidently their own label.

    `within` holds by mechanism the shares of "members" and of "non-members" at each of `distances`, ascending.
    """
    titles = [own.replace("_", " ") for own in within]
    figure = make_subplots(cols=len(within), shared_yaxes=True, horizontal_spacing=0.04, subplot_titles=titles)
    words, arrays = [], {}
    for column, (name, sides) in enumerate(within.items(), start=1):
        for place, side in enumerate(SIDES):
            shares = arrays[f"{name} {side}"] = np.asarray(sides[side], dtype=float)
            line = series(list(distances), shares, side, place, ": %{y:.1%} within %{x:.1f}", size=5)
            figure.add_trace(line.update(showlegend=column == 1), row=1, col=column)
        members, others = (arrays[f"{name} {side}"] for side in SIDES)
        widest = int(np.abs(members - others).argmax())
        words.append(
            f"{name}: at distance 0 {members[0]:.0%} of members and {others[0]:.0%} of non-members, widest apart at "
            f"{distances[widest]:.1f} with {(members - others)[widest]:+.0%}"
        )
    figure.update_layout(base_layout("How far to being confident", legend=legend_below(0.25), margin={"b": 110}))
    figure.update_yaxes(range=(-0.03, 1.03), tickformat=".0%")
    figure.update_yaxes(title_text="share of pictures within", row=1, col=1)
    figure.update_xaxes(title_text="distance")
    alt = (
        "Share of members and of non-members whose distance to a confident answer is at most so much, for "
        f"{len(within)} mechanisms. {'; '.join(words)}."
    )
    return Drawn(figure, alt, arrays)


def smoothing_sweep(rows: pd.DataFrame) -> Drawn:
    """Both attacks' advantage, the distance's area under the curve, and accuracy, against the smoothing factor.

    Faint marks are the models; with three or more, bars are Student's interval over them.
    """
    smoothed = rows[rows["defence"].isin(("none", "smoothing"))]
    factors = sorted(set(smoothed["strength"].fillna(0.0)))
    titles, even = ["advantage (0 is guessing)", "AUC (0.5 is guessing), accuracy"], np.arange(len(factors))
    figure = make_subplots(cols=2, horizontal_spacing=0.1, subplot_titles=titles)
    words, arrays = [], {}
    for place, (name, path) in enumerate(SWEEP.items()):
        column = 1 if path[0] == "advantage" else 2
        table = _by_model(smoothed, *path, by="strength").sort_index().to_numpy()  # (factors, models)
        figure.add_trace(seed_points(even, table, place, size=5), row=1, col=column)
        value = table.mean(axis=1)
        ends = pd.DataFrame([mean_interval(own) for own in table]) if table.shape[1] >= FEWEST else value.round(4)
        figure.add_trace(series(even, ends, name, place, ": %{y:.3f}", thickness=2), row=1, col=column)
        words.append(f"{name} " + ", ".join(f"{a:+g}: {own:.3f}" for a, own in zip(factors, value, strict=True)))
        arrays[" ".join(path)] = value
    title = "Two attacks and a distance against the smoothing factor"
    figure.update_layout(base_layout(title, height=460, legend=legend_below(0.25), margin={"b": 120}))
    ticks = [f"{a:+g}".replace("-", "\u2212") if a else "0" for a in factors]
    figure.update_xaxes(title_text="smoothing factor", tickvals=list(even), ticktext=ticks, zeroline=False)
    figure.update_yaxes(rangemode="tozero", row=1, col=1)
    figure.update_yaxes(range=(0.45, 1.02), row=1, col=2)
    return Drawn(figure, f"Lines over the smoothing factor, means over models. {'; '.join(words)}.", arrays)


def _by_model(rows: pd.DataFrame, measure: str, attack: str | None = None, *, by: str = "mechanism") -> pd.DataFrame:
    """A measure: a row for each mechanism, none first and pairs last, or for each strength; a column for each model."""
    of_attack = rows["attack"].isna() if attack is None else rows["attack"] == attack
    rows = rows[(rows["measure"] == measure) & of_attack]
    strengths = ["" if np.isnan(strength) else f" {strength:g}" for strength in rows["strength"]]
    names = [f"{defence}{strength}" for defence, strength in zip(rows["defence"], strengths, strict=True)]
    rows = rows.assign(mechanism=names, strength=rows["strength"].fillna(0.0))
    by_model = rows.pivot(index=by, columns="seed", values="value")
    order = sorted(dict.fromkeys(rows[by]), key=lambda name: (name != "none", " + " in str(name)))
    return by_model.loc[order]


def _at(rates: np.ndarray, value: np.ndarray, rate: float) -> float:
    """What the curve says at the greatest rate that is at most this one."""
    return float(value[np.searchsorted(rates, rate * (1 + 1e-9), side="right") - 1])
