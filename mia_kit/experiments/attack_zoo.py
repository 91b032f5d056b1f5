"""Claim S16 and chapter 6: every attack against the same people, targets, evaluator and prior.

A row is one attack on one target, of a factor and a seed: the attack hands in one picture of each person, and the
judges of `face_attack` look at it. The two starts of the attack (see `zoo_attacks`) stand beside it, seen by the same
judges. A person for whom the attack found nothing is a failure and stays in the denominator.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mia_kit.experiments.attack_zoo_rows import beats, in_published_order
from mia_kit.experiments.cluster import Task
from mia_kit.experiments.face_parts import Parts
from mia_kit.experiments.face_plan import cells, classifiers, parts_and_people, task
from mia_kit.experiments.priors import inputs as inputs
from mia_kit.experiments.zoo_attacks import access_name, give_access
from mia_kit.experiments.zoo_parts import STARTS, Cell, Spec, Zoo
from mia_kit.runs.store import Store

VERSION = 2
BEATEN_IN = ("verified", "named", "acc1")  # by what an attack is held against its starts
JUDGES = ("threshold", "genuine", "named")


def run(recipe: dict[str, Any], progress: bool = True, store: Store | None = None) -> dict[str, Any]:
    """Measure every attack, factor and seed of the recipe; return rows with what follows from them.

    Raises DataError if the public faces or the face embedder's weights are absent.
    """
    zoo = Zoo(Parts(recipe, store or Store(), progress))
    rows, targets, evaluators = [], [], []
    for seed in range(recipe["seeds"]):
        people = zoo.parts.people(seed)
        evaluators.append(zoo.parts.evaluator(people, seed).accuracy)
        for smoothing in recipe["smoothings"]:
            cell = Cell(people, smoothing, recipe["per_class"], seed)
            target = zoo.parts.target(people, **cell.chosen)
            targets.append({"smoothing": smoothing, "seed": seed, "accuracy": target.accuracy})
            rows += [measure(zoo, spec, cell) for spec in recipe["attacks"]]
    return {
        "people": len(people.class_names),
        "targets": targets,
        "evaluator_accuracy": evaluators,
        "rows": rows,
        "beats": {measure: beats(rows, measure) for measure in BEATEN_IN},
        "published_order": in_published_order(rows, recipe),
    }


def plan(recipe: dict[str, Any]) -> list[list[Task]]:
    """What workers can make beside each other: the classifiers, what attacks learn beforehand, then each attack."""
    targets = cells(recipe, recipe["per_class"])
    chosen = [{"smoothing": own["smoothing"], "seed": own["seed"]} for own in targets]
    return [
        *classifiers(recipe, targets),
        [task(recipe, __name__, "make_tools", **own) for own in chosen],
        [task(recipe, __name__, "make_row", name=spec["name"], **own) for spec in recipe["attacks"] for own in chosen],
    ]


def make_tools(store: Store, recipe: dict[str, Any], smoothing: float, seed: int) -> None:
    """Make the GANs and the surrogates of a target that the recipe's attacks ask for."""
    zoo, cell = _zoo_and_cell(store, recipe, smoothing, seed)
    for spec in recipe["attacks"]:
        if spec["attack"] != "ppa":
            zoo.tools(spec, cell, give_access(spec["attack"], zoo.parts.target(cell.people, **cell.chosen).model))


def make_row(store: Store, recipe: dict[str, Any], name: str, smoothing: float, seed: int) -> None:
    """Make an attack of the recipe, named, on a target, its starts, and what the judges say of them."""
    zoo, cell = _zoo_and_cell(store, recipe, smoothing, seed)
    measure(zoo, next(spec for spec in recipe["attacks"] if spec["name"] == name), cell)


def _zoo_and_cell(store: Store, recipe: dict[str, Any], smoothing: float, seed: int) -> tuple[Zoo, Cell]:
    parts, people = parts_and_people(store, recipe, seed)
    return Zoo(parts), Cell(people, smoothing, recipe["per_class"], seed)


def measure(zoo: Zoo, spec: Spec, cell: Cell) -> dict[str, Any]:
    """One row. Queries are per person, tools included; `generator_seconds` are those of GAN and surrogates.

    A GAN that serves several targets counts in full for each.
    """
    made = zoo.attacked(spec, cell)
    judged = zoo.judged(made, zoo.attack_settings(spec, cell), cell)
    row = {
        "attack": spec["name"],
        "access": access_name(spec["attack"]),
        "smoothing": cell.smoothing,
        "seed": cell.seed,
        "people": cell.classes,
        "queries": round((made["queries"] + made["tools_queries"]) / cell.classes, 1),
        "generator_queries": round(made["tools_queries"] / cell.classes, 1),
        "seconds": round(made["took"], 1),
        "generator_seconds": round(made["tools_took"], 1),
        **shares(judged, made["reached"]),
        "judges": {name: float(judged[name]) for name in JUDGES},
    }
    for which in STARTS:
        start = zoo.start(which, spec, cell)
        own = shares(zoo.judged(start, zoo.start_settings(which, spec, cell), cell), start["reached"])
        row[f"start_{which}"] = {"queries": round(start["queries"] / cell.classes, 1), **own}
    return row


def shares(judged: dict[str, np.ndarray], reached: np.ndarray) -> dict[str, Any]:
    """Shares of all people whose picture passes each judge.

    `hits` says who: a text of one digit for each person, "1" for a pass, by measure. `distance` is the mean of those
    that were reached, None if nobody was.
    """
    reached = np.asarray(reached, dtype=bool)
    passed = {
        "acc1": judged["rank"] == 1,
        "acc5": judged["rank"] <= 5,
        "named": judged["embedder_rank"] == 1,
        "verified": judged["distance"] < judged["threshold"],
    }
    passed = {name: own & reached for name, own in passed.items()}
    return {
        "reached": int(reached.sum()),
        **{name: round(float(own.mean()), 4) for name, own in passed.items()},
        "distance": round(float(judged["distance"][reached].mean()), 4) if reached.any() else None,
        "hits": {name: "".join("01"[int(one)] for one in own) for name, own in passed.items()},
    }
