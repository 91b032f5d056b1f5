"""Claims S6 to S8: in which stage of an attack smoothing acts, by giving one stage to another model.

The hard-label target is attacked as usual; then one stage of that attack is done with the negatively or positively
smoothed target instead, then all three. What a stage changes is its own attack's result less the usual attack's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mia_kit.experiments.face_attack import STAGES, single_swaps
from mia_kit.experiments.face_parts import Parts, per_person
from mia_kit.experiments.priors import inputs as inputs
from mia_kit.experiments.verdicts import leaves_out_zero, verdict
from mia_kit.metrics import Interval, cluster_interval
from mia_kit.runs.store import Store

VERSION = 1


def run(recipe: dict[str, Any], progress: bool = True, store: Store | None = None) -> dict[str, Any]:
    """Measure every swap and seed, and return results with the verdicts on S6 to S8."""
    parts = Parts(recipe, store or Store(), progress)
    tables: dict[str, list[np.ndarray]] = {}
    for seed in range(recipe["seeds"]):
        people = parts.people(seed)
        for name, models in swaps(recipe["smoothings"]).items():
            found = parts.judged(people, per_class=recipe["per_class"], seed=seed, **models)
            tables.setdefault(name, []).append(hits(found))
    usual = np.array(tables["usual"])  # (seeds, people)
    swapped: dict[str, dict[str, Any]] = {}
    for name, rows in tables.items():
        interval = cluster_interval((np.array(rows) - usual).T)
        swapped[name] = {
            "acc1": float(np.mean(rows)),
            "change": interval.value,
            "low": interval.low,
            "high": interval.high,
            "by_seed": (np.array(rows) - usual).mean(axis=1).tolist(),
        }
    return {"swaps": swapped, "claims": claims(swapped, recipe["smoothings"])}


def swaps(smoothings: list[float]) -> dict[str, dict[str, float]]:
    """Which factor's target does which stage, by name: `smoothing` is that of the optimisation."""
    table = {}
    for name, stages in single_swaps(smoothings).items():
        factors = {stage: stages.get(stage, 0.0) for stage in STAGES}
        smoothing = factors.pop("optimisation")
        others = {stage: factor for stage, factor in factors.items() if factor != smoothing}
        table[name if stages else "usual"] = {"smoothing": smoothing} | others
    return table


def hits(found: dict[str, np.ndarray]) -> np.ndarray:
    """Share of selected reconstructions that the evaluator recognises, for each person: shape (people,)."""
    return per_person(found["rank"][-1] == 1, found["targets"], found["selected"].astype(bool))


def claims(swapped: dict[str, dict[str, Any]], smoothings: list[float]) -> dict[str, Any]:
    """Verdicts by rules that were written down before anything was measured.

    S7, the optimisation: for every factor this stage alone changes most, and not by chance. S6 and S8, the other two
    stages: the paper has most of the change elsewhere, so for every factor all stages together change something, not by
    chance, and this one alone does not change most.
    """
    found = {}
    for claim, stage in zip(("S6", "S7", "S8"), STAGES, strict=True):
        words, agrees = [], []
        for factor in smoothings:
            alone = {name: swapped[f"{factor:+g} {name}"] for name in STAGES}
            own, whole = alone[stage], swapped[f"{factor:+g} all"]
            words.append(f"{factor:+g}: {_interval(own)} of {_interval(whole)} in all")
            most = abs(own["change"]) >= max(abs(other["change"]) for other in alone.values())
            agrees.append(
                leaves_out_zero(_interval(own)) and most
                if claim == "S7"
                else leaves_out_zero(_interval(whole)) and not most
            )
        text = f"Acc@1 changed by the {stage} stage alone, at {'; '.join(words)}"
        found[claim] = verdict(text, all(agrees))
    return found


def _interval(swap: dict[str, Any]) -> Interval:
    return Interval(swap["change"], swap["low"], swap["high"])
