"""All attacks beside each other: what each shows of the same people, with which access, and what it costs.

The rows are those of the evidence of `mia-kit run attack_zoo`, one for each attack, smoothing factor and seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mia_kit.figures.film import wall
from mia_kit.figures.series import shares_across
from mia_kit.figures.style import DASHES, MARKERS, OKABE_ITO, Drawn, base_layout, factor_name
from mia_kit.metrics import Interval, cluster_interval

ACCESS = ("white box", "confidences", "labels")
PANELS = {"named": "named by the embedder", "verified": "verified by it", "acc1": "Acc@1 (evaluator)"}
GAP = 0.22  # between two factors, in rows

Row = Mapping[str, Any]


def zoo_table(rows: Sequence[Row]) -> Drawn:
    """Shares of people that each judge takes a picture for, by attack, from the most access to the least.

    Bars are 95 % intervals over people, faint marks the seeds; a grey stroke is the attack's best sampled picture. Each
    attack's label has its queries for each person, the mean over its rows, and its seconds for all, GAN and surrogates
    included, the least of its rows: whatever else a computer does only adds to them. The arrays hold the shares of
    shape (attacks,) by measure and factor.
    """
    factors = sorted({row["smoothing"] for row in rows})
    attacks = in_order(rows)
    figure = make_subplots(
        cols=len(PANELS), shared_yaxes=True, subplot_titles=list(PANELS.values()), horizontal_spacing=0.04
    )
    words, arrays = [], {}
    for column, measure in enumerate(PANELS, start=1):
        for place, factor in enumerate(factors):
            y = np.arange(len(attacks)) + GAP * (place - (len(factors) - 1) / 2)
            tables = [_passes(_of(rows, attack, factor), measure) for attack in attacks]
            starts = [_passes([row["start_best"] for row in _of(rows, attack, factor)], measure) for attack in attacks]
            shares, seeds = [cluster_interval(table) for table in tables], np.stack(tables).mean(axis=1)
            *faint, dots = shares_across(y, shares, seeds, factor_name(factor), place, showlegend=column == 1)
            strokes = _strokes(y, starts, shown=column == 1 and place == 0)
            figure.add_traces([*faint, strokes, dots], rows=1, cols=column)
            arrays[f"{measure} {factor:+g}"] = np.array([share.value for share in shares])
            spread = ", ".join(f"{attack} {_spread(share)}" for attack, share in zip(attacks, shares, strict=True))
            words.append(f"{PANELS[measure]}, {factor_name(factor)}: {spread}")
    labels = [_label(rows, attack) for attack in attacks]
    figure.update_layout(base_layout("What each attack shows of the same people", height=52 * len(attacks) + 170))
    figure.update_layout(margin={"l": 265}, legend={"orientation": "h", "y": -0.12})
    figure.update_yaxes(range=(len(attacks) - 0.5, -0.5), zeroline=False)
    figure.update_yaxes(tickvals=list(range(len(attacks))), ticktext=labels, row=1, col=1)
    figure.update_xaxes(tickformat=".0%", range=(-0.03, 1.03))
    costs = "; ".join(label.replace("<br>", ": ") for label in labels)
    alt = (
        f"Share of people whose picture the face embedder names or verifies, or the evaluator names, for "
        f"{len(attacks)} attacks and each smoothing factor, with 95 % intervals over people. {'; '.join(words)}. "
        f"Access and cost: {costs}."
    )
    return Drawn(figure, alt, arrays)


def smoothing_takes(rows: Sequence[Row], published: Mapping[str, float]) -> Drawn:
    """What smoothing changes for each attack, in the rows' order: its share with a factor less that with hard labels.

    A panel for the evaluator and one for the face embedder, a mark for each factor, bars are 95 % intervals over
    people, faint marks the seeds. `published` changes of Acc@1 by negative smoothing stand in the first panel as open
    diamonds. The arrays hold the changes of shape (attacks,) by measure and factor.

    Raises ValueError if an attack has no row at a factor or with hard labels.
    """
    attacks = list(dict.fromkeys(row["attack"] for row in rows))
    factors = sorted({row["smoothing"] for row in rows})  # with 0: a factor looks as it does in `zoo_table`
    panels = {measure: PANELS[measure] for measure in ("acc1", "named")}
    figure = make_subplots(
        cols=len(panels), shared_yaxes=True, subplot_titles=list(panels.values()), horizontal_spacing=0.04
    )
    words, arrays = [], {}
    for column, measure in enumerate(panels, start=1):
        for place, factor in enumerate(factors):
            if not factor:
                continue
            y = np.arange(len(attacks)) + GAP * (place - (len(factors) - 1) / 2)
            tables = [
                _passes(_of(rows, attack, factor), measure) - _passes(_of(rows, attack, 0.0), measure)
                for attack in attacks
            ]
            changes, seeds = [cluster_interval(table) for table in tables], np.stack(tables).mean(axis=1)
            name = f"{factor_name(factor)} less hard labels"
            dots = shares_across(y, changes, seeds, name, place, showlegend=column == 1)
            figure.add_traces(dots, rows=1, cols=column)
            arrays[f"{measure} {factor:+g}"] = np.array([change.value for change in changes])
            spread = ", ".join(f"{attack} {_spread(change)}" for attack, change in zip(attacks, changes, strict=True))
            words.append(f"{panels[measure]}, {factor_name(factor)}: {spread}")
    known = [attack for attack in attacks if attack in published]
    figure.add_trace(
        go.Scatter(
            x=[published[attack] for attack in known],
            y=[attacks.index(attack) for attack in known],
            mode="markers",
            name="published, negative smoothing",
            marker={"symbol": "diamond-open", "size": 12, "color": "#000000", "line": {"width": 2}},
            hovertemplate="published: %{x:+.1%}<extra></extra>",
        ),
        row=1,
        col=1,
    )
    figure.update_layout(
        base_layout("What smoothing takes from each attack, or gives it", height=40 * len(attacks) + 190)
    )
    figure.update_layout(margin={"l": 160}, legend={"orientation": "h", "y": -0.14})
    figure.update_yaxes(range=(len(attacks) - 0.5, -0.5), zeroline=False)
    figure.update_yaxes(tickvals=list(range(len(attacks))), ticktext=attacks, row=1, col=1)
    figure.update_xaxes(tickformat="+.0%", zeroline=True, zerolinewidth=2)
    theirs = ", ".join(f"{attack} {published[attack]:+.3f}" for attack in known)
    alt = (
        f"Change of the share of people that each judge recognises, from hard labels to smoothing, for {len(attacks)} "
        f"attacks, with 95 % intervals over people. {'; '.join(words)}. Published changes of Acc@1 by negative "
        f"smoothing: {theirs or 'none'}."
    )
    return Drawn(figure, alt, arrays)


def zoo_wall(
    pictures: np.ndarray, passed: np.ndarray, *, attacks: Sequence[str], access: Sequence[str], names: Sequence[str]
) -> Drawn:
    """What each attack (row) hands in for each person (column).

    Parameters
    ----------
    pictures : uint8 of shape (attacks, people, h, w, 3); mid-grey where an attack found nothing
    passed : whether a judge takes it for the person, bool of shape (attacks, people)
    access : of each attack
    """
    figure = wall(pictures, rows=[f"{name}<br>{own}" for name, own in zip(attacks, access, strict=True)], columns=names)
    figure.update_layout(title_text="The same people, every attack", margin={"l": 150})
    hits, count = passed.sum(axis=1), passed.shape[1]
    blank = (np.ptp(pictures.reshape(*passed.shape, -1), axis=2) == 0).sum(axis=1)
    words = "; ".join(
        f"{name} ({own}): {hit} of {count} pass" + (f", {empty} blank" if empty else "")
        for name, own, hit, empty in zip(attacks, access, hits, blank, strict=True)
    )
    alt = f"{len(attacks)} rows of {count} reconstructions, a row for each attack, a column for each person. {words}."
    return Drawn(figure, alt, {"passed": hits / count, "blank": blank / count})


def ranks_by_budget(
    ranks: np.ndarray, reached: np.ndarray, *, budgets: Sequence[int], access: Mapping[str, str], classes: int
) -> Drawn:
    """Mean rank that the evaluator gives the person, for each attack, against the queries it may spend.

    Parameters
    ----------
    ranks : 1 is a hit; shape (budgets, attacks, people)
    reached : bool of the same shape; where nothing was found the rank counts as `classes`, the last
    access : of each attack, by name
    """
    means = np.where(reached, ranks, classes).mean(axis=2)  # (budgets, attacks)
    figure = go.Figure()
    for place, (name, own) in enumerate(access.items()):
        figure.add_scatter(
            x=list(budgets),
            y=means[:, place].round(2),
            name=f"{name} ({own})",
            mode="lines+markers",
            line={"color": OKABE_ITO[place], "dash": DASHES[place % len(DASHES)]},
            marker={"symbol": MARKERS[place], "size": 10},
            hovertemplate=f"{name}, %{{x}} queries: mean rank %{{y:.1f}}<extra></extra>",
        )
    figure.update_layout(base_layout("What a query buys, with which access", height=420))
    figure.update_xaxes(title_text="queries for each person", tickvals=list(budgets))
    figure.update_yaxes(title_text=f"mean rank among {classes} people", range=(classes + 1, 0))
    lines = "; ".join(
        f"{name} ({own}) {', '.join(f'{mean:.1f}' for mean in means[:, place])}"
        for place, (name, own) in enumerate(access.items())
    )
    alt = (
        f"Mean rank of the person among {classes} by the evaluator's word, 1 at the top is a hit, for {len(access)} "
        f"attacks with {', '.join(map(str, budgets))} queries for each of {ranks.shape[2]} people: {lines}."
    )
    return Drawn(figure, alt, {name: means[:, place] for place, name in enumerate(access)})


def in_order(rows: Sequence[Row]) -> list[str]:
    """The attacks from the most access to the least, otherwise in the order in which they stand."""
    access = {row["attack"]: ACCESS.index(row["access"]) for row in rows}
    return sorted(access, key=lambda attack: access[attack])


def _of(rows: Sequence[Row], attack: str, factor: float) -> list[Row]:
    """The rows of a cell, one for each seed. ValueError if there is none."""
    own = [row for row in rows if row["attack"] == attack and row["smoothing"] == factor]
    if not own:
        raise ValueError(f"every attack needs a row for every factor, got none of {attack!r} at {factor:+g} instead")
    return sorted(own, key=lambda row: row["seed"])


def _passes(rows: Sequence[Row], measure: str) -> np.ndarray:
    """0 and 1 of shape (people, seeds)."""
    return np.array([[int(digit) for digit in row["hits"][measure]] for row in rows]).T


def _strokes(y: np.ndarray, starts: list[np.ndarray], *, shown: bool) -> go.Scatter:
    """The best sampled pictures."""
    return go.Scatter(
        x=[round(float(table.mean()), 4) for table in starts],
        y=y,
        mode="markers",
        name="best sampled picture",
        marker={"symbol": "line-ns", "size": 11, "line": {"color": "#777777", "width": 2}},
        showlegend=shown,
        hovertemplate="best sampled picture: %{x:.1%}<extra></extra>",
    )


def _label(rows: Sequence[Row], attack: str) -> str:
    own = [row for row in rows if row["attack"] == attack]
    queries = np.mean([row["queries"] for row in own])
    seconds = np.min([row["seconds"] + row["generator_seconds"] for row in own])
    return f"{attack}<br>{own[0]['access']}, {queries:,.0f} queries, {seconds:,.0f} s"


def _spread(share: Interval) -> str:
    return f"{share.value:.3f} [{share.low:.3f}, {share.high:.3f}]"
