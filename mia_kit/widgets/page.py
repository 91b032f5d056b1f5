"""The laboratory as one self-contained HTML file: no kernel, no network, the same script as in the notebook."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mia_kit.widgets import client

if TYPE_CHECKING:
    from mia_kit.toy import ToyGrid

TITLE = "How label smoothing changes what a classifier leaks"

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>A small classifier was trained on three clouds of points. An attacker who holds the trained classifier, but none of
the points, starts at the yellow circle and walks to wherever the classifier is confident of the target class. The
nearer the walk ends to real training points, the more the classifier has leaked about them. On photographs of people
the same attack draws faces.</p>
<p>Label smoothing changes the training targets: a positive factor takes some confidence away from the true class, a
negative one asks for more than certainty. Drag the factor and watch where the same attack ends. Every point of every
curve is a classifier that was trained with that factor; nothing is interpolated.</p>
<h2>The laboratory</h2>
<div id="lab"></div>
{rows}
<h2>Responsible use</h2>
<p>These attacks are taught so that people who train and publish classifiers can measure and reduce what leaks. Run
them on your own models, or with the permission of those whose data and models they are; never to find out about a
person.</p>
</main>
<script id="lab-table" type="application/json">{table}</script>
<script type="module">
{script}
</script>
</body>
</html>
"""


def write_page(
    path: str | Path,
    grid: ToyGrid | None = None,
    rows: Sequence[Mapping[str, Any]] | None = None,
    *,
    title: str = TITLE,
    state: str | None = None,
    predict_first: bool = True,
) -> Path:
    """Write the page and return its path.

    Parameters
    ----------
    path : the HTML file to write; missing folders are made
    grid : the trained models; `mia_kit.toy.load_table()` by default
    rows : the leakage table below the laboratory, one mapping from column to value per row
    title : heading and title of the page
    state, predict_first : as in `SmoothingLab`

    Raises
    ------
    ValueError
        If the state line is bad, or the rows do not all have the same columns.
    """
    page = _PAGE.format(
        title=html.escape(title),
        style=client.read_asset("page.css") + client.read_asset("lab.css"),
        rows=_leakage_table(rows or []),
        table=as_json(payload(grid, state, predict_first=predict_first)),
        script=client.script("page.js"),
    )
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path


def payload(grid: ToyGrid | None, state: str | None, *, predict_first: bool = True) -> dict[str, Any]:
    """What the laboratory's script reads from its page; parameters and errors are those of `write_page`."""
    from mia_kit.widgets.state_line import normalise

    arrays, plain = client.table(grid)
    line = normalise(state or client.PAPER_STATE.format(seed=plain["seeds"][0]), plain["smoothings"], plain["seeds"])
    values = {**plain, "state": line, "predict_first": predict_first, "guess": "", "has_kernel": False}
    packed = {name: base64.b64encode(value).decode() for name, value in arrays.items()}
    return {"bytes": packed, "plain": values}


def as_json(values: Any) -> str:
    """Plain values as the text of a script; no `<` that could end it."""
    return json.dumps(values).replace("<", "\\u003c")


def _leakage_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """An HTML table with a heading and a column for each key; empty without rows."""
    if not rows:
        return ""
    columns = list(rows[0])
    for number, row in enumerate(rows):
        if list(row) != columns:
            raise ValueError(f"all rows must have the columns {columns}, got {list(row)} in row {number} instead")
    head = "".join(f'<th scope="col">{html.escape(str(column))}</th>' for column in columns)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{html.escape(str(row[column]))}</td>" for column in columns) + "</tr>" for row in rows
    )
    return (
        '<h2 id="leakage">What leaked</h2>\n<div class="scroll"><table aria-labelledby="leakage">\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )
