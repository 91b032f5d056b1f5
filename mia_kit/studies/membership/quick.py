"""Chapter 11's evidence: the table of a recipe at course size, and what it says of each claim."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from mia_kit.runs.claims import judged
from mia_kit.runs.evidence import read_record, stored_tables


def course(name: str) -> tuple[pd.DataFrame, list[str]]:
    """The evidence of a recipe, and a sentence for each claim. FileNotFoundError if it was not measured."""
    tables = stored_tables({name})
    if not tables:
        return _first_house(name)
    return tables[name], [f"{claim.id}, {verdict.sentence}" for claim, verdict in judged(name, tables[name])]


def _first_house(name: str) -> tuple[pd.DataFrame, list[str]]:
    """Evidence as it was before there were tables; it goes when the last of it is measured again."""
    results = read_record(name)["results"]
    words = results.get("claims", results.get("beside", {}))
    table = pd.DataFrame([entry for row in results["rows"] for entry in _entries(row)])
    return table, [f"{claim}: {row['verdict']}\n  {row['course']}" for claim, row in words.items()]


def _entries(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The entries of a table from one row of the first house: a mechanism such as "positive_smoothing 0.2"."""
    parts = [part.split(" ") for part in row["mechanism"].split(" + ") if part != "none"]
    signs = {"positive_smoothing": ("smoothing", 1), "negative_smoothing": ("smoothing", -1)}
    names, factors = zip(*(signs.get(name, (name, 1)) for name, _ in parts), strict=True) if parts else ((), ())
    strength = factors[0] * float(parts[0][1]) if len(parts) == 1 else np.nan
    shared = {"defence": " + ".join(names) or "none", "strength": strength, "seed": row["seed"]}
    yield {**shared, "attack": None, "measure": "accuracy", "value": row["accuracy"]}
    for measure in ("advantage", "auc"):
        for attack, value in row[measure].items():
            yield {**shared, "attack": "average" if attack == "loss" else attack, "measure": measure, "value": value}
