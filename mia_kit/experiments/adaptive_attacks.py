"""Claim S17: attacks that know of negative smoothing, on the people, targets, latents and judges of face_smoothing.

Every attack is Plug & Play with other settings: another loss, a temperature, more latents and starts. A row is one
attack on one target, of a factor and a seed. Beside who is recognised it has the gradient by the code along the way: a
loss whose gradient fades has nothing more to say, one whose direction turns at each step goes nowhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mia_kit.experiments.adaptive_claims import claims
from mia_kit.experiments.attack_zoo import JUDGES, shares
from mia_kit.experiments.cluster import Task
from mia_kit.experiments.face_parts import Parts
from mia_kit.experiments.face_people import People
from mia_kit.experiments.face_plan import cells, classifiers, parts_and_people, task
from mia_kit.experiments.priors import inputs as inputs
from mia_kit.experiments.zoo_parts import plug_and_play_queries
from mia_kit.runs.store import Store

VERSION = 1


def run(recipe: dict[str, Any], progress: bool = True, store: Store | None = None) -> dict[str, Any]:
    """Measure every attack, factor and seed of the recipe; return rows and the verdict.

    The recipe's `attacks` has for each name what differs from its `attack`. Raises DataError if data are absent.
    """
    parts = Parts(recipe, store or Store(), progress)
    rows, evaluators = [], []
    for seed in range(recipe["seeds"]):
        people = parts.people(seed)
        evaluators.append(parts.evaluator(people, seed).accuracy)
        for smoothing in recipe["smoothings"]:
            for name, changes in recipe["attacks"].items():
                rows.append({"attack": name, **measure(parts.with_attack(changes), people, smoothing, seed)})
    return {
        "people": len(people.class_names),
        "evaluator_accuracy": evaluators,
        "rows": rows,
        "claims": claims(rows, recipe),
    }


def plan(recipe: dict[str, Any]) -> list[list[Task]]:
    """What workers can make beside each other: the classifiers, then each attack on each target."""
    targets = cells(recipe, recipe["per_class"])
    attacks = [
        task(recipe, __name__, "make_attack", name=name, smoothing=own["smoothing"], seed=own["seed"])
        for name in recipe["attacks"]
        for own in targets
    ]
    return [*classifiers(recipe, targets), attacks]


def make_attack(store: Store, recipe: dict[str, Any], name: str, smoothing: float, seed: int) -> None:
    """Make an attack of the recipe on a target, and what the judges say of it."""
    parts, people = parts_and_people(store, recipe, seed)
    measure(parts.with_attack(recipe["attacks"][name]), people, smoothing, seed)


def measure(parts: Parts, people: People, smoothing: float, seed: int) -> dict[str, Any]:
    """One row but its name. Queries are per person; norms and cosines medians over candidates, by step."""
    chosen: dict[str, Any] = {"smoothing": smoothing, "per_class": parts.recipe["per_class"], "seed": seed}
    found = parts.judged(people, **chosen)
    picked = found["selected"].astype(bool)
    if picked.sum() != len(people.class_names):
        raise ValueError(
            f"an attack must hand in one picture of each person: keep must be 1, got {picked.sum()} instead"
        )
    handed_in = {name: found[name][-1][picked] for name in ("rank", "embedder_rank", "distance")}
    queries = plug_and_play_queries(parts.recipe["attack"], len(people.class_names))
    return {
        "smoothing": smoothing,
        "seed": seed,
        "accuracy": parts.target(people, **chosen).accuracy,
        "queries": round(queries / len(people.class_names), 1),
        **shares({**handed_in, "threshold": found["threshold"]}, np.ones(int(picked.sum()), dtype=bool)),
        "judges": {name: float(found[name]) for name in JUDGES},
        "norms": [float(f"{norm:.4g}") for norm in found["norms"]],
        "cosines": np.round(found["cosines"][1:], 4).tolist(),
    }
