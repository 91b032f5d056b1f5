"""What follows from the rows of the attack zoo: who passes, who beats their starts, and the published order.

A difference counts if the interval over people leaves out 0 and every seed has the same sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from mia_kit.metrics import cluster_interval

ROUNDED = 1e-12  # an end of an interval that only the rounding of a sum keeps from 0 is 0
MEASURE = "acc1"  # what the paper plots
# Attack accuracies in per cent of hard labels and of negative smoothing (VGG-16, CelebA, 64 px), read off a plot.
PUBLISHED = {
    "GMI": (14.2, 8.0),
    "KED-MI": (56.6, 32.5),
    "LOMMA (GMI)": (67.8, 49.0),
    "LOMMA (KED-MI)": (79.6, 77.8),
    "PLG-MI": (95.8, 89.5),
}
Rows = Sequence[dict[str, Any]]


def hits(rows: Rows, attack: str, smoothing: float, measure: str, *, start: str | None = None) -> np.ndarray:
    """Who passes: 0 and 1, of shape (people, seeds), for an attack or for its `start`, "random" or "best".

    ValueError if there is no such row, or a seed stands twice.
    """
    own = [row for row in rows if row["attack"] == attack and row["smoothing"] == smoothing]
    seeds = [row["seed"] for row in own]
    if not own or len(set(seeds)) != len(seeds):
        raise ValueError(f"expected a row for each seed of {attack!r} at {smoothing:+g}, got seeds {seeds} instead")
    own = sorted(own, key=lambda row: row["seed"])
    texts = [(row[f"start_{start}"] if start else row)["hits"][measure] for row in own]
    return np.array([[int(digit) for digit in text] for text in texts]).T


def beats(rows: Rows, measure: str = "verified") -> dict[str, dict[str, Any]]:
    """Does each attack beat both of its own starts? By attack and then by factor, as text.

    Of each start the difference with its interval over people, `by_seed`, and `beaten`: it counts and is above 0.
    """
    found: dict[str, dict[str, Any]] = {}
    for attack, smoothing in dict.fromkeys((row["attack"], row["smoothing"]) for row in rows):
        own = hits(rows, attack, smoothing, measure)
        entry: dict[str, Any] = {}
        for start in ("random", "best"):
            table = own - hits(rows, attack, smoothing, measure, start=start)
            interval, by_seed = cluster_interval(table), table.mean(axis=0)
            beaten = bool(interval.low > ROUNDED and (by_seed > 0).all())
            entry[start] = asdict(interval) | {"by_seed": np.round(by_seed, 4).tolist(), "beaten": beaten}
        entry["beats_both"] = all(entry[start]["beaten"] for start in ("random", "best"))
        found.setdefault(attack, {})[f"{smoothing:+g}"] = entry
    return found


def beats_in_words(results: dict[str, Any]) -> str:
    """Which attacks beat both of their starts on the targets with hard labels, a line for each of two judges."""
    lines = []
    for measure, words in {"acc1": "Acc@1 by the evaluator", "verified": "verified by the embedder"}.items():
        better = [attack for attack, by_factor in results["beats"][measure].items() if by_factor["+0"]["beats_both"]]
        lines.append(f"{words}: above both starts in every seed, by more than chance: {', '.join(better) or 'nobody'}")
    return "\n".join(lines)


def in_published_order(rows: Rows, recipe: dict[str, Any]) -> dict[str, Any]:
    """Rank correlation of our attack accuracies with the published ones, over the attacks that both have.

    {} unless the rows hold hard labels and the negative factor for three such attacks; None where ours are all alike.
    Not a verdict: five attacks give a rank correlation no interval worth the name.
    """
    from scipy.stats import spearmanr

    negative = _negative(recipe)
    names = [name for name in PUBLISHED if any(row["attack"] == name for row in rows)]
    if negative is None or 0.0 not in recipe["smoothings"] or len(names) < 3:
        return {}
    found: dict[str, Any] = {}
    for place, (factor, words) in enumerate(((0.0, "hard"), (negative, "negative"))):
        ours = [float(hits(rows, name, factor, MEASURE).mean()) for name in names]
        theirs = [PUBLISHED[name][place] for name in names]
        found[words] = {
            "ours": dict(zip(names, ours, strict=True)),
            "correlation": float(spearmanr(ours, theirs).statistic) if len(set(ours)) > 1 else None,
        }
    return found


def _negative(recipe: dict[str, Any]) -> float | None:
    """The recipe's negative factor, the mildest if it has several."""
    return max((a for a in recipe["smoothings"] if a < 0), default=None)
