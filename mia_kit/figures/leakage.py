"""What a face classifier leaks, against the smoothing factor, the steps of the attack and the photographs of a person.

Follows figure 2 of Struppek, Hintersdorf and Kersting, "Be Careful What You Smooth For" (ICLR 2024). A *cell* is one
entry of the evidence of `mia-kit run face_smoothing` or `face_low_data`: a factor and a number of photographs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mia_kit.figures.series import bars, seed_points
from mia_kit.figures.style import DASHES, MARKERS, OKABE_ITO, Drawn, base_layout, factor_name

APART = 0.35  # photographs, between the bars of two factors
# Clear of the title of the axis, in two lines if need be.
LEGEND_BELOW = {"legend": {"orientation": "h", "y": -0.3}, "margin": {"b": 125}}

Cell = Mapping[str, Any]
SHARES = {
    "acc1": "Acc@1 (evaluator)",
    "acc5": "Acc@5 (evaluator)",
    "named": "named by the embedder",
    "verified": "verified by the embedder",
}


def leakage_by_factor(cells: Sequence[Cell], *, which: str = "selected") -> Drawn:
    """Left: shares of reconstructions that pass each judge; right: the target's test accuracy. Against the factor.

    Bars are 95 % intervals over people, faint marks the seeds. `which` is "selected", what the attacker hands in, or
    "all", all candidates.
    """
    cells = sorted(cells, key=lambda cell: cell["smoothing"])
    factors = [cell["smoothing"] for cell in cells]
    figure = make_subplots(
        cols=2, subplot_titles=["leakage", "use"], column_widths=[0.65, 0.35], horizontal_spacing=0.1
    )
    words, arrays = [], {}
    for place, (measure, name) in enumerate(SHARES.items()):
        rows = [cell[f"{measure}_{which}"] for cell in cells]
        seeds = np.array([row["by_seed"] for row in rows])
        for trace in _series(factors, rows, seeds, name, place):
            figure.add_trace(trace, row=1, col=1)
        words.append(f"{name} " + ", ".join(f"{a:+g}: {_spread(row)}" for a, row in zip(factors, rows, strict=True)))
        arrays[measure] = np.array([row["value"] for row in rows])
    accuracy = np.array([cell["accuracy"] for cell in cells])  # (factors, seeds)
    rows = [{"value": own.mean(), "low": own.min(), "high": own.max()} for own in accuracy]
    for trace in _series(factors, rows, accuracy, "test accuracy (bars: range of the seeds)", len(SHARES)):
        figure.add_trace(trace, row=1, col=2)
    words.append(
        "test accuracy " + ", ".join(f"{a:+g}: {o.mean():.3f}" for a, o in zip(factors, accuracy, strict=True))
    )
    arrays["accuracy"] = accuracy.mean(axis=1)
    genuine = float(np.mean([cell["judges"]["genuine"] for cell in cells]))
    figure.update_layout(base_layout(f"Leakage and use by smoothing factor, {accuracy.shape[1]} seeds", height=500))
    figure.update_layout(LEGEND_BELOW)
    figure.update_xaxes(title_text="smoothing factor", tickvals=factors, ticktext=[f"{a:g}" for a in factors])
    figure.update_yaxes(range=(-0.03, 1.03), tickformat=".0%")
    alt = (
        f"Shares of reconstructions ({which}) that pass each judge, and the target's test accuracy, for each smoothing "
        f"factor. {'; '.join(words)}. Of real photographs {genuine:.0%} are verified."
    )
    return Drawn(figure, alt, arrays)


def leakage_over_steps(cells: Sequence[Cell], steps: Sequence[int], *, measure: str = "acc1") -> Drawn:
    """The share of all candidates that passes a judge against the steps of the attack, one curve for each factor.

    A point is the mean over seeds, bars the range of the seeds. `measure` is "acc1", "acc5" or "verified".
    """
    figure, words, arrays = go.Figure(), [], {}
    for place, cell in enumerate(sorted(cells, key=lambda cell: cell["smoothing"])):
        seeds, name = np.array(cell["film"][measure]).T, factor_name(cell["smoothing"])  # (film, seeds)
        rows = [{"value": own.mean(), "low": own.min(), "high": own.max()} for own in seeds]
        figure.add_traces(_series(list(steps), rows, seeds, name, place)[1:])
        values = ", ".join(f"{row['value']:.3f}" for row in rows)
        words.append(f"{name}: {values}")
        arrays[f"{cell['smoothing']:+g}"] = seeds.mean(axis=1)
    figure.update_layout(base_layout(f"{SHARES[measure]} over the steps, all candidates; bars: range of the seeds"))
    figure.update_layout(legend={"title": {"text": "smoothing factor"}})
    figure.update_xaxes(title_text="steps of the attack", tickvals=list(steps))
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    alt = (
        f"{SHARES[measure]} of all candidates after {', '.join(map(str, steps))} steps, a curve for each smoothing "
        f"factor, means over seeds. {'; '.join(words)}."
    )
    return Drawn(figure, alt, arrays)


def leakage_by_photographs(cells: Sequence[Cell], advantages: Mapping[float, Sequence[Any]]) -> Drawn:
    """Left: Acc@1 against the photographs of a person; right: the advantage over hard labels. Bars: 95 %, over people.

    `advantages` holds an Interval for each number of photographs, ascending, for every factor but 0: see
    `mia_kit.experiments.face_leakage.advantage`.
    """
    numbers = sorted({cell["per_class"] for cell in cells})
    table = {(cell["smoothing"], cell["per_class"]): cell for cell in cells}
    factors = sorted({cell["smoothing"] for cell in cells})
    panels = ["Acc@1, all candidates", "change against hard labels"]
    figure = make_subplots(cols=2, subplot_titles=panels, horizontal_spacing=0.1)
    words, arrays = [], {}
    for place, factor in enumerate(factors):
        rows = [table[factor, number]["acc1_all"] for number in numbers]
        seeds, name = np.array([row["by_seed"] for row in rows]), factor_name(factor)
        shift = APART * (place - (len(factors) - 1) / 2)
        for trace in _series(numbers, rows, seeds, name, place, shift=shift):
            figure.add_trace(trace, row=1, col=1)
        words.append(f"{name}: Acc@1 " + ", ".join(_spread(row) for row in rows))
        arrays[f"{factor:+g}"] = np.array([row["value"] for row in rows])
        if factor:
            own = [{"value": one.value, "low": one.low, "high": one.high} for one in advantages[factor]]
            for trace in _series(numbers, own, np.empty((len(own), 0)), name, place, shift=shift):
                trace.showlegend = False
                figure.add_trace(trace, row=1, col=2)
            words.append(f"change {', '.join(_spread(row) for row in own)}")
    figure.add_hline(y=0, line={"color": "#555555", "dash": "dash", "width": 1}, row=1, col=2)
    figure.update_layout(base_layout("Leakage by photographs of a person", height=480))
    figure.update_layout(LEGEND_BELOW)
    figure.update_xaxes(title_text="photographs of each person", tickvals=numbers)
    figure.update_yaxes(tickformat=".0%", rangemode="tozero", row=1, col=1)
    figure.update_yaxes(tickformat="+.0%", row=1, col=2)
    alt = (
        f"Acc@1 with {', '.join(map(str, numbers))} photographs of each person, and its relative change against hard "
        f"labels, with 95 % intervals over people. {'; '.join(words)}."
    )
    return Drawn(figure, alt, arrays)


def _spread(row: Mapping[str, Any]) -> str:
    return f"{row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"


def _series(
    x: Sequence[float],
    rows: Sequence[Mapping[str, Any]],
    seeds: np.ndarray,
    name: str,
    place: int,
    *,
    shift: float = 0.0,
) -> list[go.Scatter]:
    """The seeds as faint points, of shape (x, seeds), then the values of the rows with bars from low to high.

    All are drawn `shift` to the right of x, so that bars do not hide each other.
    """
    colour, marker = OKABE_ITO[place], MARKERS[place]
    drawn_at = [one + shift for one in x]
    points = seed_points(drawn_at, seeds, place, size=5, legendgroup=name)
    value, low, high = (np.array([row[key] for row in rows]) for key in ("value", "low", "high"))
    line = go.Scatter(
        x=drawn_at,
        customdata=list(x),
        y=value.round(4),
        mode="lines+markers",
        name=name,
        legendgroup=name,
        line={"color": colour, "width": 2, "dash": DASHES[place % len(DASHES)]},
        marker={"color": colour, "symbol": marker, "size": 9},
        error_y=bars(value, low, high, thickness=1.2),
        hovertemplate=f"{name}, %{{customdata:g}}: %{{y:.1%}}<extra></extra>",
    )
    return [points, line]
