"""The laboratory as one self-contained HTML file: no kernel, no network, the same script as in the notebook."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mia_kit.figures.svg import table
from mia_kit.widgets import client


def write_page(path: str | Path, *, rows: Sequence[Mapping[str, str]] = ()) -> Path:
    """Write the page, and missing folders, and return its path.

    `rows` are the leakage table below the laboratory, from column to value.
    """
    lines = [list(row.values()) for row in rows]
    leaked = f'<h2>What leaked</h2>\n<div class="scroll">{table(list(rows[0]), lines)}</div>' if rows else ""
    page = client.read_asset("page.html").format(
        style=client.read_asset("page.css") + client.read_asset("lab.css"),
        rows=leaked,
        table=as_json(payload()),
        script=client.script("page.js"),
    )
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path


def payload(state: str = client.PAPER_STATE) -> dict[str, Any]:
    """What the laboratory's script reads from its page; `state` is a state line as the laboratory writes it."""
    arrays, plain = client.table()
    values = {**plain, "state": state, "guess": "", "has_kernel": False}
    packed = {name: base64.b64encode(value).decode() for name, value in arrays.items()}
    return {"bytes": packed, "plain": values}


def as_json(values: Any) -> str:
    """Plain values as the text of a script; no `<` that could end it."""
    return json.dumps(values).replace("<", "\\u003c")
