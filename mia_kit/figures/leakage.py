"""What a face classifier leaks to attackers who differ in their loss: by smoothing factor, by steps, by people asked.

Follows figure 2 of Struppek, Hintersdorf and Kersting, "Be Careful What You Smooth For" (ICLR 2024). Every function
takes a table of means with intervals, as `mia_kit.runs.compare.intervals` gives it: what varies, then value, low, high.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mia_kit.figures.series import band, series
from mia_kit.figures.style import MARKERS, OKABE_ITO, Drawn, base_layout, factor_name, legend_below

# Of every loss its name, and its place among colours and markers: the same in all chapters.
LOSSES = {
    "cross_entropy": ("cross-entropy", 0),
    "poincare": ("Poincaré", 1),
    "logit": ("raw logit", 2),
    "margin": ("margin", 3),
    "temperature": ("cross-entropy, temperature 30", 4),
    "boundary": ("boundary distance", 5),
    "others_down": ("others down", 6),
}
LEGEND_BELOW: dict[str, Any] = {"legend": legend_below(0.25), "margin": {"b": 110}}
HOVER = ": %{y:.3g}"
MEASURES = {
    "acc1": "People recognised by the evaluator",
    "distance": "Distance to the person's photographs",
    "extraction": "Photographs that a student names",
}
# What an attack or a target had more or less of: a column of the table, and its words.
EFFORTS = {
    "steps": "steps of the attack",
    "epochs": "epochs of training",
    "per_class": "photographs of each person",
}


def leakage_by_factor(
    means: pd.DataFrame, controls: pd.DataFrame, measure: Literal["acc1", "distance", "extraction"] = "acc1"
) -> Drawn:
    """A measure of leakage against the smoothing factor, a line for each loss.

    means : columns loss, strength, value, low, high
    controls : columns attack ("placebo", "oracle"), value: lines across, the floor and the ceiling
    measure : of an attack; a distance lies in an embedding, and small is much leakage
    """
    what = MEASURES[measure]
    figure, words, arrays = go.Figure(), [], {}
    for loss, rows in means.groupby("loss", sort=False):
        name, place = LOSSES[str(loss)]
        rows = rows.sort_values("strength")
        # Lines lie side by side, so that bars do not hide each other.
        figure.add_trace(series(rows["strength"] + 0.0025 * (place - 1.5), rows, name, place, HOVER))
        words.append(_told(name, rows))
        arrays[str(loss)] = rows["value"].to_numpy()
    for attack, value in controls[["attack", "value"]].itertuples(index=False):
        figure.add_hline(y=value, line={"dash": "dot", "color": "#555555"}, annotation_text=attack)
        words.append(f"{attack}: {value:.2f}")
        arrays[str(attack)] = np.array([value])
    figure.update_layout(
        base_layout(f"{what}, by smoothing factor and the attacker's loss", height=480, **LEGEND_BELOW)
    )
    factors = sorted(means["strength"].unique())
    figure.update_xaxes(title_text="smoothing factor", tickvals=factors, ticktext=[f"{a:+g}" for a in factors])
    near = {"title_text": "low is near"}
    figure.update_yaxes(near if measure == "distance" else {"range": (0, 1.03), "tickformat": ".0%"})
    return Drawn(figure, f"{what} for each smoothing factor. {'; '.join(words)}.", arrays)


def delivered(margins: pd.DataFrame, accuracy: pd.DataFrame) -> Drawn:
    """The manipulation check: the margin as a multiple of that of hard labels, and what it costs. Against the factor.

    Both have columns strength, value, low, high. A ratio of 2 is what a negative factor must reach to be judged.
    """
    figure = make_subplots(cols=2, subplot_titles=["margin, hard labels = 1", "test accuracy"], horizontal_spacing=0.12)
    words, arrays = [], {}
    for column, (name, rows) in enumerate((("margin ratio", margins), ("accuracy", accuracy)), 1):
        rows = rows.sort_values("strength")
        figure.add_trace(series(rows["strength"], rows, name, column - 1, HOVER), row=1, col=column)
        words.append(_told(name, rows))
        arrays[name] = rows["value"].to_numpy()
    figure.add_hline(y=2, line={"dash": "dot", "color": "#555555"}, row=1, col=1)
    figure.update_layout(base_layout("Was the factor delivered, and at what price?", height=400, showlegend=False))
    figure.update_xaxes(title_text="smoothing factor")
    figure.update_yaxes(type="log", dtick="D2", row=1, col=1)
    figure.update_yaxes(range=(0, 1), tickformat=".0%", row=1, col=2)
    return Drawn(figure, f"Against the smoothing factor. {'; '.join(words)}.", arrays)


def leakage_by_effort(means: pd.DataFrame, effort: Literal["steps", "epochs", "per_class"] = "steps") -> Drawn:
    """A share of people against steps, epochs or photographs: a panel for each loss, a line for each factor.

    means : columns loss, strength, that of the effort, value, low, high
    """
    what = EFFORTS[effort]
    losses = list(dict.fromkeys(means["loss"]))
    figure = make_subplots(cols=len(losses), subplot_titles=[LOSSES[loss][0] for loss in losses], shared_yaxes=True)
    words, arrays = [], {}
    for column, loss in enumerate(losses, 1):
        for place, (strength, rows) in enumerate(means[means["loss"] == loss].groupby("strength")):
            rows, name = rows.sort_values(effort), factor_name(float(strength))
            trace = series(np.sqrt(rows[effort]), rows, name, place, HOVER, legendgroup=name)
            figure.add_trace(trace.update(showlegend=column == 1), row=1, col=column)
            words.append(f"{LOSSES[loss][0]}, {name}: " + ", ".join(f"{value:.2f}" for value in rows["value"]))
            arrays[f"{loss} {strength:+g}"] = rows["value"].to_numpy()
    amounts = sorted(means[effort].unique())
    numbers = [f"{amount:g}" for amount in amounts]
    title = f"People recognised by the evaluator, by {what}"
    figure.update_layout(base_layout(title, height=440, **LEGEND_BELOW))
    figure.update_xaxes(title_text=what, tickvals=np.sqrt(amounts), ticktext=numbers)
    figure.update_yaxes(range=(0, 1.03), tickformat=".0%")
    return Drawn(figure, f"Shares of people with {', '.join(numbers)} {what}. {'; '.join(words)}.", arrays)


def closing_interval(estimates: pd.DataFrame, *, of: str) -> Drawn:
    """A difference and its interval as people are added, with a slider over their number.

    estimates : columns people, value, low, high
    """
    people = [f"{number:g}" for number in estimates["people"]]

    def shown(count: int) -> list[go.Scatter]:
        """The differences of so many rows, and the area between the ends of their intervals."""
        numbers, value, low, high = estimates[:count][["people", "value", "low", "high"]].to_numpy(dtype=float).T
        line = go.Scatter(x=numbers, y=value.round(4), mode="lines+markers", line={"color": OKABE_ITO[0]})
        return [line.update(marker={"symbol": MARKERS[0], "size": 9}), band(numbers, low, high, 0, alpha=0.25)]

    frames = [go.Frame(data=shown(number), name=name, traces=[0, 1]) for number, name in enumerate(people, 1)]
    figure = go.Figure(shown(1), frames=frames)
    figure.update_layout(base_layout(f"{of}: an interval closes as people are added", showlegend=False))
    figure.add_hline(y=0, line={"color": "#555555"})
    figure.update_xaxes(title_text="people", range=(0, float(estimates["people"].max()) + 3))
    figure.update_yaxes(range=(float(estimates["low"].min()) - 0.05, float(estimates["high"].max()) + 0.05))
    steps = [{"label": name, "method": "animate", "args": [[name], {"mode": "immediate"}]} for name in people]
    figure.update_layout(sliders=[{"active": 0, "currentvalue": {"prefix": "people: "}, "steps": steps}])
    words = "; ".join(
        f"{row.people:g}: {row.value:+.2f} [{row.low:+.2f}, {row.high:+.2f}]" for row in estimates.itertuples()
    )
    alt = f"{of}, with its 95 % interval, for so many people. {words}."
    return Drawn(figure, alt, {"low": estimates["low"].to_numpy()})


def _told(name: str, rows: pd.DataFrame) -> str:
    return f"{name}: " + ", ".join(f"{row.strength:+g} {row.value:.2f}" for row in rows.itertuples())
