"""The laboratories' client side as text: one script and one style sheet, and the table of models as bytes.

A script is written as small ES modules that import one another. anywidget and a page opened from a file both want a
single module, so `script` puts the files one after the other and takes the `import` and `export` words out.
"""

from __future__ import annotations

import re
from importlib import resources
from typing import Any

PAPER_STATE = "smoothing=+0.00 seed=42 start=(-3.0,-10.0) target=2 stop=0.95"

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([a-z_]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|let|class) )", re.MULTILINE)


def read_asset(name: str) -> str:
    """The text of one script or style sheet of this room."""
    return (resources.files("mia_kit.widgets") / name).read_text(encoding="utf-8")


def script(name: str) -> str:
    """An ES module and all that it imports as one module, each file once and after those that it needs.

    It may say `import { a, b } from "./file.js";` and `export function|const|let|class`, in no other form.
    """
    joined: dict[str, str] = {}

    def add(name: str) -> None:
        text = read_asset(name)
        for needed in _IMPORT.findall(text):
            if needed not in joined:
                add(needed)
        joined[name] = _EXPORT.sub("", _IMPORT.sub("", text))

    add(name)
    return "\n".join(joined.values())


def table() -> tuple[dict[str, bytes], dict[str, Any]]:
    """What the client computes with: arrays as little-endian bytes, and plain values.

    The models that ship, as `ToyGrid.folded()` gives them, and the distances of the paper's attack on each.
    """
    from mia_kit.toy import load_table, load_table_attack, make_data

    grid, data = load_table(), make_data()
    arrays = {
        "weights": grid.folded().astype("<f4").tobytes(),
        "points": data.points.numpy().astype("<f4").tobytes(),
        "labels": data.labels.numpy().astype("u1").tobytes(),
        "curve": load_table_attack().astype("<f4").tobytes(),
    }
    factors = [round(float(a), 6) for a in grid.smoothings]
    return arrays, {"smoothings": factors, "seeds": [int(seed) for seed in grid.seeds]}
