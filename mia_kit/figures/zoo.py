"""All attacks beside each other: faces, what each judge takes for the person, and what smoothing changes.

Nothing is computed here: values and intervals come from `mia_kit.runs.compare`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mia_kit.figures.film import wall
from mia_kit.figures.series import series, with_ends
from mia_kit.figures.style import Drawn, base_layout, factor_name, legend_below

PANELS = {"acc1": "Acc@1 (evaluator)", "named": "named by the second judge"}
GAP = 0.22  # between two factors, in rows


def attacks_by_judge(shares: pd.DataFrame, *, labels: Mapping[str, str]) -> Drawn:
    """Shares of people that each judge takes a reconstruction for, a row an attack.

    shares : columns measure, attack, strength, value, low and high. The rows of an attack called "<attack> start"
        are its grey strokes: the best of its sampled pictures
    labels : what stands beside each attack, by name and from the top

    The arrays hold the values of shape (attacks,) by measure and factor. ValueError if one is missing.
    """
    figure, words, arrays = _dots(shares, list(labels))
    for column, measure in enumerate(PANELS, start=1):
        for place, factor in enumerate(factors := sorted(shares["strength"].unique())):
            starts = _of(shares, [f"{attack} start" for attack in labels], measure, factor)
            strokes = go.Scatter(
                x=starts["value"].round(4),
                y=_lanes(len(labels), place, len(factors)),
                mode="markers",
                name="best sampled picture",
                marker={"symbol": "line-ns", "size": 11, "line": {"color": "#777777", "width": 2}},
                showlegend=column == 1 and place == 0,
                hovertemplate="best sampled picture: %{x:.1%}<extra></extra>",
            )
            figure.add_trace(strokes, row=1, col=column)
    title = "What each attack shows of the same people"
    figure.update_layout(base_layout(title, 48 * len(labels) + 170, margin={"l": 230}, legend=legend_below(0.12)))
    figure.update_yaxes(tickvals=list(range(len(labels))), ticktext=list(labels.values()), row=1, col=1)
    figure.update_xaxes(tickformat=".0%", range=(-0.03, 1.03))
    alt = (
        f"Share of people whose reconstruction a judge names or takes for the person, for {len(labels)} "
        f"attacks and each smoothing factor, with 95 % intervals over people and seeds. {'; '.join(words)}."
    )
    return Drawn(figure, alt, arrays)


def changes_by_attack(changes: pd.DataFrame, *, published: Mapping[str, float]) -> Drawn:
    """What smoothing changes for each attack: its share with a factor less that with hard labels.

    changes : columns as of `attacks_by_judge`, without hard labels; the attacks stand in its order
    published : changes of Acc@1 by negative smoothing, which the first panel shows as open diamonds

    The arrays hold the changes of shape (attacks,) by measure and factor. ValueError if one is missing.
    """
    attacks = list(dict.fromkeys(changes["attack"]))
    figure, words, arrays = _dots(changes, attacks)
    known = [attack for attack in attacks if attack in published]
    figure.add_scatter(
        x=[published[attack] for attack in known],
        y=[attacks.index(attack) for attack in known],
        mode="markers",
        name="published, negative smoothing",
        marker={"symbol": "diamond-open", "size": 12, "color": "#000000", "line": {"width": 2}},
        hovertemplate="published: %{x:+.1%}<extra></extra>",
        row=1,
        col=1,
    )
    title = "What smoothing changes for each attack"
    figure.update_layout(base_layout(title, 40 * len(attacks) + 190, margin={"l": 160}, legend=legend_below(0.14)))
    figure.update_yaxes(tickvals=list(range(len(attacks))), ticktext=attacks, row=1, col=1)
    figure.update_xaxes(tickformat="+.0%", zeroline=True, zerolinewidth=2)
    theirs = ", ".join(f"{attack} {published[attack]:+.3f}" for attack in known)
    alt = (
        f"Change of the share of people that each judge recognises, from hard labels to smoothing, for {len(attacks)} "
        f"attacks, with 95 % intervals over people and seeds. {'; '.join(words)}. Published changes of Acc@1 by "
        f"negative smoothing: {theirs or 'none'}."
    )
    return Drawn(figure, alt, arrays)


def zoo_wall(pictures: np.ndarray, passed: np.ndarray, *, attacks: Sequence[str], names: Sequence[str]) -> Drawn:
    """What each attack (row) hands in for each person (column).

    pictures : uint8 of shape (attacks, people, h, w, 3)
    passed : whether a judge takes it for the person, bool of shape (attacks, people)
    """
    figure = wall(pictures, rows=attacks, columns=names, title="The same people, every attack")
    hits, count = passed.sum(axis=1), passed.shape[1]
    said = (name.replace("<br>", ", ") for name in attacks)
    words = "; ".join(f"{name}: {hit} of these {count} pass" for name, hit in zip(said, hits, strict=True))
    alt = f"{len(attacks)} rows of {count} pictures, a row for each attack, a column for each person. {words}."
    return Drawn(figure, alt, {"passed": hits / count})


def _dots(frame: pd.DataFrame, attacks: Sequence[str]) -> tuple[go.Figure, list[str], dict[str, np.ndarray]]:
    """A panel a measure, a row an attack, a mark with its interval for each factor; the same in words and arrays."""
    titles = list(PANELS.values())
    figure = make_subplots(cols=len(PANELS), shared_yaxes=True, subplot_titles=titles, horizontal_spacing=0.04)
    words, arrays = [], {}
    for column, (measure, title) in enumerate(PANELS.items(), start=1):
        for place, factor in enumerate(factors := sorted(frame["strength"].unique())):
            rows, name = _of(frame, attacks, measure, factor), factor_name(factor)
            lanes = _lanes(len(attacks), place, len(factors))
            dots = series(lanes, rows, name, place, ": %{x:.1%}", size=10, joined=False, across=True, legendgroup=name)
            figure.add_trace(dots.update(showlegend=column == 1), row=1, col=column)
            arrays[f"{measure} {factor:+g}"] = rows["value"].to_numpy(dtype=float)
            words.append(f"{title}, {name}: {with_ends(rows, 'attack')}")
    figure.update_yaxes(range=(len(attacks) - 0.5, -0.5), zeroline=False)
    return figure, words, arrays


def _lanes(count: int, place: int, factors: int) -> np.ndarray:
    """The heights of the marks of one factor among several."""
    return np.arange(count) + GAP * (place - (factors - 1) / 2)


def _of(frame: pd.DataFrame, attacks: Sequence[str], measure: str, factor: float) -> pd.DataFrame:
    """The rows of these attacks in their order."""
    rows = frame[(frame["measure"] == measure) & (frame["strength"] == factor)].set_index("attack", drop=False)
    if missing := [attack for attack in attacks if attack not in rows.index]:
        raise ValueError(f"every attack needs {measure} at {factor:+g}, got none of {', '.join(missing)} instead")
    return rows.loc[list(attacks)]
