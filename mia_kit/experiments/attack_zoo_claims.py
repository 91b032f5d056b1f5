"""What follows from the rows of the attack zoo, by rules that were written down before anything was measured.

As for the other face claims, a difference counts if the interval over people leaves out 0 and every seed has the same
sign. S16 is asked of pairs of attacks, one whose loss saturates and one whose loss is the raw logit or the margin. The
first must lose by negative smoothing, or there is nothing to undo. The second undoes much of it if it loses less, in a
difference that counts, and at most half as much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from mia_kit.experiments.verdicts import mean_that_counts, verdict
from mia_kit.metrics import cluster_interval

MUCH = 0.5  # of the loss by negative smoothing that must be undone
MEASURE = "acc1"  # what the paper plots
BESIDE = ("named", "verified")
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
            interval, sure = mean_that_counts(table)
            by_seed = np.round(table.mean(axis=0), 4).tolist()
            entry[start] = asdict(interval) | {"by_seed": by_seed, "beaten": sure and interval.value > 0}
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


def claims(rows: Rows, recipe: dict[str, Any]) -> dict[str, Any]:
    """The verdict on S16, if the recipe has hard labels, a negative factor and `undo`.

    `undo` holds by kind of loss, "logit" and "margin", pairs of attacks' names: [saturating, other]. Reproduced if for
    each kind a pair has something to undo, and every pair that has undoes much of it.
    """
    negative = _negative(recipe)
    if negative is None or 0.0 not in recipe["smoothings"] or not recipe.get("undo"):
        return {}
    words, agrees = [], []
    for kind, pairs in recipe["undo"].items():
        found = [undone(rows, saturating, other, negative) for saturating, other in pairs]
        words += [f"{kind}, {pair[1]} against {pair[0]}: {one['text']}" for pair, one in zip(pairs, found, strict=True)]
        open_questions = [one for one in found if one["to_undo"]]
        agrees.append(bool(open_questions) and all(one["undone"] for one in open_questions))
    text = f"change of {MEASURE} from hard labels to {negative:+g}; {'; '.join(words)}"
    return {"S16": verdict(text, all(agrees), size=recipe.get("size", "course"))}


def undone(rows: Rows, saturating: str, other: str, negative: float) -> dict[str, Any]:
    """How much of what negative smoothing takes from the first attack the second undoes.

    to_undo, undone : see the head of this file
    text : both changes and the difference with their intervals; beside them what the second judge says
    """
    change = {name: _change(rows, name, negative, MEASURE) for name in (saturating, other)}
    lost, sure = mean_that_counts(-change[saturating])
    difference, differs = mean_that_counts(change[other] - change[saturating])
    to_undo = sure and lost.value > 0
    kept = difference.value / lost.value if to_undo else float("nan")
    undoes = to_undo and differs and difference.value > 0 and kept >= MUCH
    words = (f"{kept:.0%} undone" if differs else "no difference that counts") if to_undo else "nothing to undo"
    beside = ", ".join(
        f"{measure} {_change(rows, saturating, negative, measure).mean():+.3f} and "
        f"{_change(rows, other, negative, measure).mean():+.3f}"
        for measure in BESIDE
    )
    own = " and ".join(str(cluster_interval(change[name])) for name in (saturating, other))
    return {"to_undo": to_undo, "undone": undoes, "text": f"{own}, {words} (beside it {beside})"}


def _change(rows: Rows, attack: str, negative: float, measure: str) -> np.ndarray:
    """Passes with negative smoothing less those with hard labels: shape (people, seeds)."""
    changed: np.ndarray = hits(rows, attack, negative, measure) - hits(rows, attack, 0.0, measure)
    return changed


def _negative(recipe: dict[str, Any]) -> float | None:
    """The recipe's negative factor, the mildest if it has several."""
    return max((a for a in recipe["smoothings"] if a < 0), default=None)
