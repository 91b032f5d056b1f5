"""The rows of `membership_table`: one mechanism, at a strength or in a pair, with one trained model.

Both attacks fail where their advantages end below 0.05. There the distance-to-confident separates if its area under the
curve lies above 0.535, which is what an advantage of 0.05 makes of two Gaussians.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mia_kit.metrics import mean_interval

FAILS, SEPARATES = 0.05, 0.535

Row = Mapping[str, Any]
Rows = Sequence[Row]


def variants(rows: Rows) -> list[str]:
    """The mechanisms in the order in which they stand."""
    return list(dict.fromkeys(row["mechanism"] for row in rows))


def values(rows: Rows, mechanism: str, *path: str) -> np.ndarray:
    """A number of each model, such as ("advantage", "powerful"): shape (models,). ValueError if there is no row."""
    own = sorted((row for row in rows if row["mechanism"] == mechanism), key=lambda row: row["seed"])
    if not own:
        raise ValueError(f"there must be rows of {mechanism!r}, got only {', '.join(variants(rows))} instead")
    found = []
    for row in own:
        value: Any = row
        for name in path:
            value = value[name]
        found.append(float(value))
    return np.array(found)


def as_text(rows: Rows) -> str:
    """The table with Student's intervals over the models: accuracy, attacks, and areas under the curve."""
    columns = {
        "accuracy": ("accuracy",),
        "average": ("advantage", "average"),
        "powerful": ("advantage", "powerful"),
        "LiRA": ("advantage", "lira"),
        "DtC, AUC": ("auc", "distance"),
    }
    lines = [f"{'mechanism':42}" + "".join(f"{name:22}" for name in columns)]
    for mechanism in variants(rows):
        found = [mean_interval(values(rows, mechanism, *path)) for path in columns.values()]
        numbers = "".join(f"{own.value:6.3f} [{own.low:6.3f},{own.high:6.3f}] " for own in found)
        lines.append(f"{mechanism.replace('_', ' '):42}{numbers}".rstrip())
    return "\n".join(lines)
