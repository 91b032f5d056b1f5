"""The claims as a board, a row for each paper: a mark for each claim and world, its shape and colour the verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from textwrap import wrap
from typing import Any, Protocol

import numpy as np
import plotly.graph_objects as go

from mia_kit.figures.style import Drawn, base_layout, legend_below

# The rows of the board, by the letters of their claims; of the claims on smoothing the paper's end before OURS.
ROWS = {
    "S": "label smoothing (S)",
    "ours": "ours, later work (S)",
    "M": "membership (M)",
    "D": "data-centric (D)",
    "P": "data poisoning (P)",  # the last, as its claims have most worlds
}
OURS = 23
# Verdict: colour, marker. What was not measured, or tells nothing, is hollow.
LOOKS = {
    "reproduced": ("#0072B2", "circle"),
    "partly reproduced": ("#0072B2", "diamond"),
    "answered": ("#009E73", "square"),
    "partly answered": ("#009E73", "pentagon"),
    "weaker": ("#56B4E9", "triangle-up"),
    "absent": ("#E69F00", "triangle-down"),
    "contradicted": ("#D55E00", "x"),
    "cannot tell": ("#555555", "cross"),
    "open": ("#009E73", "square-open"),
    "not testable here": ("#CC79A7", "hexagon-open"),
    "not measured yet": ("#777777", "circle-open"),
}
LINE = 70  # characters of a line of hover text
STEP = 0.2  # of a row, from a world to the next


class Judged(Protocol):
    """A claim, with `id`, `claim` and `paper`, and its marks, words of `LOOKS` with a sentence each.

    `mia_kit.course.scoreboard.Row` is one.
    """

    @property
    def claim(self) -> Any: ...
    @property
    def marks(self) -> list[tuple[str, str]]: ...


def scoreboard(rows: Sequence[Judged]) -> Drawn:
    """A row for each paper, a column for each claim, a mark below the other for each world; hover shows the figures.

    The arrays hold how many marks of each row have each look. ValueError for a word without a look.
    """
    unknown = sorted({word for row in rows for word, _ in row.marks} - set(LOOKS))
    if unknown:
        raise ValueError(f"a verdict must be one of {', '.join(LOOKS)}, got {unknown[0]!r} instead")
    marks = list(_placed(rows))
    figure = go.Figure()
    for look, (colour, symbol) in LOOKS.items():
        shown = [mark for mark in marks if mark["look"] == look]
        if not shown:
            continue
        figure.add_scatter(
            x=[mark["x"] for mark in shown],
            y=[mark["y"] for mark in shown],
            mode="markers+text",
            name=f"{look} ({len(shown)})",
            text=[mark["label"] for mark in shown],
            textposition="top center",
            marker={"color": colour, "symbol": symbol, "size": 13, "line": {"width": 2}},
            hovertext=[mark["hover"] for mark in shown],
            hoverinfo="text",
        )
    title, legend = "What became of the claims", legend_below(0.05)
    figure.update_layout(base_layout(title, height=580, legend=legend, margin={"l": 150}))
    figure.update_xaxes(visible=False)
    figure.update_yaxes(tickvals=list(range(len(ROWS))), ticktext=list(ROWS.values()))
    figure.update_yaxes(range=(len(ROWS) - 0.2, -0.5))
    seen = Counter((mark["row"], mark["look"]) for mark in marks)
    counts = {look: np.array([seen[row, look] for row in ROWS]) for look in LOOKS}
    told = "; ".join(
        f"{words}: " + ", ".join(f"{seen[row, look]} {look}" for look in LOOKS if seen[row, look])
        for row, words in ROWS.items()
        if any(seen[row, look] for look in LOOKS)
    )
    alt = f"{len(rows)} claims of four papers, of later work and ours, a mark for each world by its verdict. {told}."
    return Drawn(figure, alt, counts)


def _placed(rows: Sequence[Judged]) -> list[dict[str, Any]]:
    """Every mark with its place, label and hover text."""
    placed, columns = [], dict.fromkeys(ROWS, 0)
    for row in rows:
        claim, line = row.claim, _row_of(row.claim.id)
        columns[line] += 1
        for place, (look, sentence) in enumerate(row.marks):
            words = [f"{claim.id}: {claim.claim}", f"paper: {claim.paper}", *sentence.split("; ")]
            hover = "<br>".join(part for said in words for part in wrap(said, LINE)[:8])
            where = {"x": columns[line], "y": list(ROWS).index(line) + STEP * place}
            label = claim.id[1:] if place == 0 else ""
            placed.append({**where, "look": look, "row": line, "label": label, "hover": hover})
    return placed


def _row_of(claim: str) -> str:
    """The row of the board where a claim stands, by its id."""
    return "ours" if claim[0] == "S" and int(claim[1:]) >= OURS else claim[0]
