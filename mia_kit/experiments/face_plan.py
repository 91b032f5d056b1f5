"""What the workers of a cluster can make beside each other for the face experiments: see `mia_kit.experiments.cluster`.

A plan begins with the classifiers: public trunks, then evaluators and targets. The experiment adds its own tasks, which
find them in the store. A worker keeps the parts of its recipe from one task to the next, so that it reads the
photographs and appoints the judges of a seed once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from mia_kit.experiments.cluster import Task
from mia_kit.experiments.face_parts import Parts
from mia_kit.experiments.face_people import People
from mia_kit.runs.store import Store


def classifiers(recipe: dict[str, Any], targets: Sequence[dict[str, Any]]) -> list[list[Task]]:
    """The first two stages of a plan. `targets` have what `Parts.target` asks for: smoothing, per_class and seed."""
    return [
        [task(recipe, __name__, "trunk", kind=kind) for kind in recipe["pretraining"]],
        [
            *(task(recipe, __name__, "evaluator", seed=seed) for seed in range(recipe["seeds"])),
            *(task(recipe, __name__, "target", **own) for own in targets),
        ],
    ]


def cells(recipe: dict[str, Any], per_class: int) -> list[dict[str, Any]]:
    """Each of a recipe's `smoothings` with each seed, in the words of `Parts.target`."""
    return [
        {"smoothing": smoothing, "per_class": per_class, "seed": seed}
        for smoothing in recipe["smoothings"]
        for seed in range(recipe["seeds"])
    ]


def task(recipe: dict[str, Any], module: str, function: str, **chosen: Any) -> Task:
    """A task that calls function(store, recipe=recipe, **chosen) of a module."""
    return Task(module, function, {"recipe": recipe, **chosen})


def trunk(store: Store, recipe: dict[str, Any], kind: str) -> None:
    """Make a public trunk, "target" or "evaluator"."""
    parts_of(store, recipe).trunk(kind)


def evaluator(store: Store, recipe: dict[str, Any], seed: int) -> None:
    """Make the evaluator of a seed."""
    parts, people = parts_and_people(store, recipe, seed)
    parts.evaluator(people, seed)


def target(store: Store, recipe: dict[str, Any], seed: int, **chosen: Any) -> None:
    """Make a target; `chosen` are the other arguments of `Parts.target`."""
    parts, people = parts_and_people(store, recipe, seed)
    parts.target(people, seed=seed, **chosen)


def parts_and_people(store: Store, recipe: dict[str, Any], seed: int) -> tuple[Parts, People]:
    """The parts of a recipe and the people of a seed, kept from one task of a worker to the next."""
    parts = parts_of(store, recipe)
    return parts, parts.people(seed)


def parts_of(store: Store, recipe: dict[str, Any]) -> Parts:
    """The parts of a recipe, kept from one task of a worker to the next."""
    return _parts(str(store.root), json.dumps(recipe, sort_keys=True))


@lru_cache(maxsize=1)
def _parts(root: str, recipe: str) -> Parts:
    return Parts(json.loads(recipe), Store(Path(root)), progress=False)
