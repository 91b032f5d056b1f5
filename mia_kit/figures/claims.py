"""The claims of the four papers as a board: one mark for each, its shape and colour the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Protocol

import numpy as np
import plotly.graph_objects as go

from mia_kit.figures.style import Drawn, base_layout

PAPERS = {"S": "label smoothing", "M": "membership", "P": "data poisoning", "D": "data-centric"}
# Verdict: colour, marker, as filled as the answer.
LOOKS = {
    "reproduced": ("#0072B2", "circle"),
    "not reproduced": ("#D55E00", "x"),
    "not run": ("#777777", "circle-open"),
}
LINE = 70  # characters of a line of hover text


class Finding(Protocol):
    """What the board needs of a claim; `mia_kit.experiments.claims.Claim` has it."""

    id: str
    claim: str
    paper: str
    ours: dict[str, str]
    verdict: str


def scoreboard(claims: Sequence[Finding]) -> Drawn:
    """A row for each paper, a mark for each claim in the paper's order; hover shows the figures.

    The arrays hold how many claims of each paper have each verdict. ValueError for a verdict without a look.
    """
    unknown = sorted({claim.verdict for claim in claims} - set(LOOKS))
    if unknown:
        raise ValueError(f"a verdict must be one of {', '.join(LOOKS)}, got {unknown[0]!r} instead")
    rows = {letter: [claim for claim in claims if claim.id.startswith(letter)] for letter in PAPERS}
    places = {claim.id: (column, row) for row, own in enumerate(rows.values()) for column, claim in enumerate(own, 1)}
    figure = go.Figure()
    for verdict, (colour, symbol) in LOOKS.items():
        own = [claim for claim in claims if claim.verdict == verdict]
        figure.add_scatter(
            x=[places[claim.id][0] for claim in own],
            y=[places[claim.id][1] for claim in own],
            mode="markers+text",
            name=f"{verdict} ({len(own)})",
            text=[claim.id for claim in own],
            textposition="bottom center",
            marker={"color": colour, "symbol": symbol, "size": 15, "line": {"width": 2}},
            hovertext=[_hover(claim) for claim in own],
            hoverinfo="text",
        )
    figure.update_layout(base_layout("What became of the claims", height=390), legend={"orientation": "h", "y": -0.05})
    figure.update_xaxes(visible=False)
    figure.update_yaxes(
        tickvals=list(range(len(PAPERS))), ticktext=list(PAPERS.values()), range=(len(PAPERS) - 0.4, -0.5)
    )
    figure.update_layout(margin={"l": 130})
    counts = {verdict: np.array([_count(own, verdict) for own in rows.values()]) for verdict in LOOKS}
    told = "; ".join(
        f"{paper}: " + ", ".join(f"{counts[verdict][row]} {verdict}" for verdict in LOOKS)
        for row, paper in enumerate(PAPERS.values())
    )
    alt = f"{len(claims)} claims of four papers, a mark for each by its verdict. {told}."
    return Drawn(figure, alt, counts)


def _count(claims: Sequence[Finding], verdict: str) -> int:
    return sum(claim.verdict == verdict for claim in claims)


def _hover(claim: Finding) -> str:
    ours = [f"{size}: {figure}" for size, figure in claim.ours.items()] or ["not measured"]
    lines = [f"{claim.id}, {claim.verdict}: {claim.claim}", f"paper: {claim.paper}", *ours]
    return "<br>".join(part for line in lines for part in wrap(line, LINE)[:8])
