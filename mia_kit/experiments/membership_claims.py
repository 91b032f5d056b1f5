"""Verdicts on membership inference, by rules that were written down before anything was measured.

A row is one mechanism (at a strength, or a pair) with one trained model. Every mechanism trains the same models: the
same members, first weights and order. So a mechanism is compared with no mechanism model by model, and a change counts
if Student's interval of its mean leaves out 0. Where one rule asks several questions, its intervals share 5 % among
them. The leak of a mechanism is the advantage of the attack with the greatest mean.

M1, regularisers are not alike: of the mechanisms alone, one at least lowers both the average and the powerful attack,
and one at least raises the powerful one ("some help the attacker").
M2, smoothing deceives the average attack: at the published factor, 0.05, the average attack falls and the powerful one
rises.
M3, pairs: one pair at least leaks less than each of its mechanisms alone, and its accuracy is at most two points below
that of the less accurate.
M4, both attacks fail where the intervals of their advantages end below 0.05; there the distance-to-confident separates
if its area under the curve lies above 0.535, which is what an advantage of 0.05 makes of two Gaussians. Reproduced if
it does for one mechanism at least.
M5, early stopping: at one strength at least the powerful advantage falls by half or more, in a change that counts,
and accuracy by at most three points.
S20 is a question: reproduced means that negative smoothing changes the leak at one strength at least.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mia_kit.experiments.verdicts import leaves_out_zero
from mia_kit.metrics import Interval, mean_interval

NONE = "none"
PUBLISHED_SMOOTHING = "positive_smoothing 0.05"
ACCURACY_LOST_BY_PAIR = 0.02
ACCURACY_LOST_BY_STOPPING = 0.03
HALF = 0.5
FAILS, SEPARATES = 0.05, 0.535

Row = Mapping[str, Any]
Rows = Sequence[Row]


def claims(rows: Rows) -> dict[str, tuple[str, bool]]:
    """Words for each claim that the rows are enough for, and whether it is reproduced."""
    names = variants(rows)
    alone = [name for name in names if name != NONE and " + " not in name]
    asked: dict[str, tuple[bool, Callable[[], tuple[str, bool]]]] = {
        "M1": (len(alone) > 1, lambda: mechanisms_differ(rows, alone)),
        "M2": (PUBLISHED_SMOOTHING in names, lambda: smoothing_deceives(rows)),
        "M3": (bool(pairs(rows)), lambda: pairs_beat(rows)),
        "M4": (True, lambda: distance_separates(rows)),
        "M5": (bool(_of(names, "early_stopping")), lambda: stopping_defends(rows, _of(names, "early_stopping"))),
        "S20": (
            bool(_of(names, "negative_smoothing")),
            lambda: negative_changes(rows, _of(names, "negative_smoothing")),
        ),
    }
    return {claim: verdict() for claim, (enough, verdict) in asked.items() if enough and NONE in names}


def variants(rows: Rows) -> list[str]:
    """The mechanisms in the order in which they stand."""
    return list(dict.fromkeys(row["mechanism"] for row in rows))


def pairs(rows: Rows) -> list[str]:
    """The pairs whose mechanisms both stand alone in the rows too."""
    names = variants(rows)
    return [name for name in names if " + " in name and set(name.split(" + ")) <= set(names)]


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


def strongest(rows: Rows, mechanism: str) -> tuple[str, np.ndarray]:
    """The attack with the greatest mean advantage, and its advantages: shape (models,)."""
    attacks = next(row for row in rows if row["mechanism"] == mechanism)["advantage"]
    found = {attack: values(rows, mechanism, "advantage", attack) for attack in attacks}
    best = max(found, key=lambda attack: found[attack].mean())
    return best, found[best]


def change(one: np.ndarray, other: np.ndarray, *, questions: int = 1) -> tuple[Interval, bool]:
    """Mean of one less the other, model by model, and whether it counts."""
    interval = mean_interval(one - other, confidence=1 - 0.05 / questions)
    return interval, leaves_out_zero(interval)


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


def mechanisms_differ(rows: Rows, alone: Sequence[str]) -> tuple[str, bool]:
    """M1."""
    words, lowers_both, raises = [], [], []
    for name in alone:
        found = {}
        for attack in ("average", "powerful"):
            own, none = (values(rows, which, "advantage", attack) for which in (name, NONE))
            found[attack] = change(own, none, questions=2 * len(alone))
        if all(counts and gap.value < 0 for gap, counts in found.values()):
            lowers_both.append(name)
        gap, counts = found["powerful"]
        if counts and gap.value > 0:
            raises.append(name)
        words.append(f"{name} {' / '.join(_marked(*found[attack]) for attack in found)}")
    base = " / ".join(f"{values(rows, NONE, 'advantage', attack).mean():.3f}" for attack in ("average", "powerful"))
    text = (
        f"average / powerful advantage {base} without a mechanism; changes, * counts: {', '.join(words)}; "
        f"{len(lowers_both)} of {len(alone)} lower both, {len(raises)} raise the powerful attack"
    )
    return text, bool(lowers_both and raises)


def smoothing_deceives(rows: Rows) -> tuple[str, bool]:
    """M2."""
    found, words = [], []
    for attack, sign in (("average", -1), ("powerful", 1)):
        own, none = (values(rows, which, "advantage", attack) for which in (PUBLISHED_SMOOTHING, NONE))
        gap, counts = change(own, none, questions=2)
        found.append(counts and gap.value * sign > 0)
        words.append(f"{attack} {none.mean():.3f} -> {own.mean():.3f}, change {gap}")
    return f"advantage at +0.05: {'; '.join(words)}", all(found)


def pairs_beat(rows: Rows) -> tuple[str, bool]:
    """M3."""
    words, beats = [], []
    for pair in pairs(rows):
        parts = pair.split(" + ")
        own = strongest(rows, pair)[1]
        less = [change(own, strongest(rows, part)[1], questions=2 * len(pairs(rows))) for part in parts]
        cost = values(rows, pair, "accuracy").mean() - min(values(rows, part, "accuracy").mean() for part in parts)
        beats.append(all(counts and gap.value < 0 for gap, counts in less) and cost >= -ACCURACY_LOST_BY_PAIR - 1e-9)
        gaps = " and ".join(_marked(gap, counts) for gap, counts in less)
        words.append(f"{pair} {own.mean():.3f} ({gaps} against each alone, accuracy {cost:+.3f})")
    return f"advantage of the strongest attack: {'; '.join(words)}; {sum(beats)} of {len(beats)} beat both", any(beats)


def distance_separates(rows: Rows) -> tuple[str, bool]:
    """M4."""
    failing = [
        name
        for name in variants(rows)
        if all(mean_interval(values(rows, name, "advantage", own)).high < FAILS for own in ("average", "powerful"))
    ]
    words, separates = [], []
    for name in failing:
        area = mean_interval(values(rows, name, "auc", "distance"), confidence=1 - 0.05 / len(failing))
        separates.append(area.low > SEPARATES)
        words.append(f"{name} {area} (of the loss {values(rows, name, 'auc', 'loss').mean():.3f})")
    if not failing:
        return "both attacks fail nowhere", False
    return f"area under the curve of distance-to-confident where both attacks fail: {', '.join(words)}", any(separates)


def stopping_defends(rows: Rows, names: Sequence[str]) -> tuple[str, bool]:
    """M5."""
    words, defends = [], []
    none = values(rows, NONE, "advantage", "powerful")
    for name in names:
        own = values(rows, name, "advantage", "powerful")
        gap, counts = change(own, none, questions=len(names))
        cost = values(rows, name, "accuracy").mean() - values(rows, NONE, "accuracy").mean()
        falls = own.mean() <= HALF * none.mean() and counts and gap.value < 0
        defends.append(falls and cost >= -ACCURACY_LOST_BY_STOPPING - 1e-9)
        words.append(f"{name} {own.mean():.3f} ({_marked(gap, counts)}, accuracy {cost:+.3f})")
    return f"powerful advantage {none.mean():.3f} without; {'; '.join(words)}", any(defends)


def negative_changes(rows: Rows, names: Sequence[str]) -> tuple[str, bool]:
    """S20."""
    words, changes = [], []
    attack, none = strongest(rows, NONE)
    for name in names:
        own_attack, own = strongest(rows, name)
        gap, counts = change(own, none, questions=len(names))
        changes.append(counts)
        cost = values(rows, name, "accuracy").mean() - values(rows, NONE, "accuracy").mean()
        words.append(f"{name} {own.mean():.3f} by {own_attack} ({_marked(gap, counts)}, accuracy {cost:+.3f})")
    return f"advantage of the strongest attack {none.mean():.3f} by {attack} without; {'; '.join(words)}", any(changes)


def _of(names: Sequence[str], mechanism: str) -> list[str]:
    """One mechanism alone, at each strength."""
    return [name for name in names if name.split(" ")[0] == mechanism and " + " not in name]


def _marked(gap: Interval, counts: bool) -> str:
    return f"{gap.value:+.3f}{'*' if counts else ''}"
