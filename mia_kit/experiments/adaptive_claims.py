"""The verdict on attacks adapted to negative smoothing, by a rule written down before any of them was measured.

Known beforehand, from face_smoothing: on these targets the usual attack loses nothing by negative smoothing. So S17 is
not asked as "how much of the loss is undone" (that is S16's question) but so that it can still be answered either way:
is there leakage of a negatively smoothed model that the usual attack does not find?

An adapted attack recovers leakage if (1) on the negatively smoothed targets its Acc@1 is above that of the usual
attack, and (2) this gain is greater than its gain on hard labels: otherwise it is a better attack, and says nothing of
negative smoothing. Both differences must count: interval over people without 0, one sign in every seed. As several
attacks are tried, intervals are those of 1 - 0.05 / their number. Reproduced if one of them recovers leakage.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mia_kit.experiments.attack_zoo_claims import Rows, hits
from mia_kit.experiments.verdicts import mean_that_counts, verdict

MEASURE = "acc1"
BESIDE = ("named", "verified")


def claims(rows: Rows, recipe: dict[str, Any]) -> dict[str, Any]:
    """The verdict on S17, if the recipe has hard labels, a negative factor and attacks beside its first, the usual."""
    negative = min(recipe["smoothings"])
    usual, *adapted = recipe["attacks"]
    if negative >= 0 or 0.0 not in recipe["smoothings"] or not adapted:
        return {}
    found = {name: recovered(rows, name, usual, negative, among=len(adapted)) for name in adapted}
    words = "; ".join(f"{name} {one['text']}" for name, one in found.items())
    base = " and ".join(f"{hits(rows, usual, a, MEASURE).mean():.3f} at {a:+g}" for a in (negative, 0.0))
    text = (
        f"{MEASURE} of {usual} {base}; gain over it at {negative:+g}, and how much more that is than with hard labels"
    )
    agrees = any(one["recovers"] for one in found.values())
    return {"S17": verdict(f"{text}: {words}", agrees, size=recipe.get("size", "course"))}


def recovered(rows: Rows, name: str, usual: str, negative: float, *, among: int) -> dict[str, Any]:
    """Does the attack `name`, one of so many, recover leakage? `recovers`, and `text` with both differences."""
    confidence = 1 - 0.05 / among
    gain, more = (table(rows, name, usual, negative, MEASURE, beyond_hard=own) for own in (False, True))
    (own, sure), (beyond, specific) = (mean_that_counts(one, confidence=confidence) for one in (gain, more))
    beside = ", ".join(
        f"{measure} {table(rows, name, usual, negative, measure, beyond_hard=False).mean():+.3f}" for measure in BESIDE
    )
    marks = ["*" if one else "" for one in (sure, specific)]
    return {
        "recovers": sure and specific and own.value > 0 and beyond.value > 0,
        "text": f"{own}{marks[0]} and {beyond}{marks[1]} (beside it {beside})",
    }


def table(rows: Rows, name: str, usual: str, negative: float, measure: str, *, beyond_hard: bool) -> np.ndarray:
    """What `name` gains over `usual` on the negative factor, less its gain on hard labels if asked: (people, seeds)."""
    gains = {a: hits(rows, name, a, measure) - hits(rows, usual, a, measure) for a in (negative, 0.0)}
    gained: np.ndarray = gains[negative] - gains[0.0] if beyond_hard else gains[negative]
    return gained
