"""The shield and the mirage: the gradients of several losses on the way to a person, and differences with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mia_kit.figures.film import channels_last, how_far, wall
from mia_kit.figures.leakage import LEGEND_BELOW, LOSSES
from mia_kit.figures.series import series
from mia_kit.figures.style import Drawn, base_layout, factor_name

LEAST = 1e-24  # shorter gradients are drawn there: 0 has no logarithm


def gradients_on_the_way(norms: pd.DataFrame) -> Drawn:
    """How long the gradient of each loss is on the way from a stranger to the person: a panel for each factor.

    norms : columns strength, share (of the way), loss, value
    """
    factors = sorted(norms["strength"].unique(), reverse=True)
    names = [factor_name(factor) for factor in factors]
    figure = make_subplots(cols=len(factors), subplot_titles=names, shared_yaxes=True, horizontal_spacing=0.04)
    words, arrays = [], {}
    for (strength, loss), rows in norms.groupby(["strength", "loss"], sort=False):
        (name, place), lengths = LOSSES[loss], rows["value"].clip(lower=LEAST)
        shown = [float(f"{length:.3g}") for length in lengths]
        trace = series(rows["share"], shown, name, place, ", %{x:.0%} of the way: %{y:.1e}", size=8, legendgroup=name)
        trace.update(showlegend=bool(strength == factors[0]))
        figure.add_trace(trace, row=1, col=factors.index(strength) + 1)
        words.append(f"{factor_name(strength)}, {name}: {lengths.iloc[0]:.0e} to {lengths.iloc[-1]:.0e}")
        arrays[f"{loss} {strength:+g}"] = np.log10(lengths.to_numpy())
    title = "The gradient on the way from a stranger to the person"
    figure.update_layout(base_layout(title, height=480, **LEGEND_BELOW))
    figure.update_xaxes(title_text="share of the way", tickformat=".0%")
    figure.update_yaxes(type="log", exponentformat="power", dtick=4, automargin=True)
    figure.update_yaxes(title_text="length of the gradient", row=1, col=1)
    alt = f"Length of the gradient of each loss from the first face to the person. {'; '.join(words)}."
    return Drawn(figure, alt, arrays)


def attacked_wall(pictures: np.ndarray, *, rows: Sequence[str], columns: Sequence[str]) -> Drawn:
    """What each attack (row) brings back of each person (column): uint8 of shape (rows, columns, 3, h, w)."""
    shown = channels_last(pictures)
    moved = how_far(shown, shown[0])
    words = "; ".join(f"{row} {share:.3f}" for row, share in zip(rows, moved, strict=True))
    alt = f"Faces in {len(rows)} rows and {len(columns)} columns. Mean difference from the first row, 1 being black to "
    figure = wall(shown, rows=rows, columns=columns, title="One target, three losses")
    return Drawn(figure, f"{alt}white: {words}.", {"moved": moved})


def differences(estimates: pd.DataFrame, *, title: str) -> Drawn:
    """Paired differences with their 95 % intervals, one below the other, and a line at 0.

    estimates : columns name, value, low, high
    """
    look: dict[str, Any] = {"size": 11, "joined": False, "across": True, "thickness": 2}
    figure = go.Figure(series(estimates["name"], estimates, "", 0, "%{y}: %{x:+.3f}", **look))
    figure.add_vline(x=0, line={"color": "#555555", "dash": "dash", "width": 1})
    figure.update_layout(base_layout(title, height=36 * len(estimates) + 150))
    figure.update_yaxes(autorange="reversed", automargin=True, type="category")  # a name may be a number, "+0.10"
    told = zip(*(estimates[column] for column in ("name", "value", "low", "high")), strict=True)
    words = "; ".join(f"{name} {middle:+.3f} [{low:+.3f}, {high:+.3f}]" for name, middle, low, high in told)
    return Drawn(figure, f"{title}, with 95 % intervals. {words}.", {"differences": estimates["value"].to_numpy()})
