"""Verdicts on the side effects of smoothing, by rules that were written down before anything was measured.

S19, S20 and S21 are questions that the paper leaves open, so each asks whether negative smoothing changes anything, and
the text says in which direction; "reproduced" means that it does. A change counts if the interval over people leaves
out 0 and every seed has the same sign, as for the other face claims. The negative factor asked is that of `claims_at`.

S19, adversarial robustness: the share of unseen photographs that are still right under all attacks, at the middle
epsilon, which was chosen on one target with hard labels, so that something is left and something lost. S20, membership:
the area under each person's ROC curve of the loss attack. S21, stealing: agreement of target and student at the
greatest budget. The positive factor stands beside them and is no part of the verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mia_kit.experiments.face_leakage_claims import difference
from mia_kit.experiments.verdicts import verdict

Cells = Sequence[dict[str, Any]]


def claims(cells: Cells, recipe: dict[str, Any]) -> dict[str, Any]:
    """The three verdicts, if the cells hold hard labels and both factors of `claims_at`."""
    table = {cell["smoothing"]: cell for cell in cells}
    negative, positive = recipe["claims_at"]
    if not {0.0, negative, positive} <= table.keys():
        return {}
    epsilons, budgets = sorted(recipe["robustness"]["epsilons"]), recipe["stealing"]["budgets"]
    asked = {
        "S19": (f"robust {epsilons[len(epsilons) // 2]:g}", "share still right under all attacks"),
        "S20": ("membership", "area under the curve of the loss attack"),
        "S21": (f"agreement {max(budgets)}", "agreement of student and target"),
    }
    return {
        claim: changed(table, measure, words, negative, positive, recipe.get("size", "course"))
        for claim, (measure, words) in asked.items()
    }


def changed(
    table: dict[float, Any], measure: str, words: str, negative: float, positive: float, size: str
) -> dict[str, Any]:
    """One row: does the negative factor change the measure?"""
    values = ", ".join(f"{a:+g}: {table[a][measure]['value']:.3f}" for a in sorted(table))
    down, counts = difference(table[negative], table[0.0], measure)
    up, beside = difference(table[positive], table[0.0], measure)
    text = f"{words} ({measure}) {values}; {negative:+g} less hard {down}{'*' if counts else ''}"
    text += f"; beside it {positive:+g} less hard {up}{'*' if beside else ''}"
    return verdict(text, counts, size=size)
