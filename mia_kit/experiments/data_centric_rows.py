"""The rows of `data_centric_table`, one for each defence, attack and seed, and its `targets`, in words and arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mia_kit.metrics import cluster_interval

NONE, FULL = "none", "data-centric"  # the names of these two defences in a recipe
WITHOUT = {step: f"without {step}" for step in ("injection", "loss", "curvature")}
RIVALS = ("DP-SGD", "MID")

Results = dict[str, Any]


def hits(results: Results, defence: str, attack: str, measure: str) -> np.ndarray:
    """Who passes: 0 and 1, of shape (protected, seeds). ValueError if there is no such row."""
    own = [row for row in results["rows"] if row["defence"] == defence and row["attack"] == attack]
    if not own:
        raise ValueError(f"expected a row for each seed of {attack!r} on {defence!r}, got none instead")
    own = sorted(own, key=lambda row: row["seed"])
    return np.array([[int(digit) for digit in row["hits"][measure]] for row in own]).T


def accuracy(results: Results, defence: str, name: str = "accuracy") -> np.ndarray:
    """A number of `targets`, of shape (seeds,)."""
    own = [row for row in results["targets"] if row["defence"] == defence]
    return np.array([row[name] for row in sorted(own, key=lambda row: row["seed"])])


def as_text(results: Results) -> str:
    """The paper's table 1 with our numbers: a line for each defence, a line below it for each attack on it."""
    lines = []
    for defence in dict.fromkeys(row["defence"] for row in results["targets"]):
        all_, own, others = (
            float(accuracy(results, defence, f"accuracy{part}").mean()) for part in ("", "_protected", "_others")
        )
        lines.append(f"{defence}: accuracy {all_:.1%}, of protected classes {own:.1%}, of the others {others:.1%}")
        for attack in dict.fromkeys(row["attack"] for row in results["rows"] if row["defence"] == defence):
            acc1, person, surrogate = (
                cluster_interval(hits(results, defence, attack, measure)) for measure in ("acc1", "person", "surrogate")
            )
            lines.append(f"    {attack}: attack accuracy {acc1}, verified person {person}, surrogate {surrogate}")
    return "\n".join(lines)


def passes(results: Results, attack: str, measures: Sequence[str]) -> dict[str, dict[str, np.ndarray]]:
    """By defence and measure `hits` of an attack, as `mia_kit.figures.data_centric.shares_by_defence` takes them."""
    defences = dict.fromkeys(row["defence"] for row in results["rows"] if row["attack"] == attack)
    return {one: {measure: hits(results, one, attack, measure) for measure in measures} for one in defences}
