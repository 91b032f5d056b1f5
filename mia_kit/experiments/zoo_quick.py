"""Chapter 6 live: attacks with less and less access to the same target, each with a few budgets of queries.

A budget is the number of images of each person's that the target may be asked about. Half of it or less goes into the
first sample, the rest into the search; nobody asks for more. The settings are ours, and small: they show what a query
buys, and are no tuned attacks.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from mia_kit.attacks.prior_to_target import resize
from mia_kit.data.pictures import to_floats
from mia_kit.experiments.face_attack import attack, judge
from mia_kit.experiments.face_quick import POOL, SIZE, Scene, as_pictures
from mia_kit.experiments.zoo_attacks import Tools, access_name, best_start, give_access, handed_in, run_attack
from mia_kit.training import one_thread

BUDGETS = (20, 60, 120)
SAMPLE = "best of a sample"
ATTACKS = {  # name -> the attack, from the most access to the least
    "PPA": "ppa",
    "Fredrikson": "fredrikson",
    SAMPLE: "sample",
    "MIRROR": "mirror_black",
    "BREP-MI": "brep",
}
POPULATION, POINTS = 8, 8


@dataclass(frozen=True, eq=False)
class Shelf:
    """What every attack hands in. The first axes are factors, budgets and attacks, in order.

    factors, budgets : ascending
    access : "white box", "confidences" or "labels", by attack
    pictures : uint8 array of shape (factors, budgets, attacks, people, h, w, 3); mid-grey where nothing was found
    reached : whether something was found, bool of shape (factors, budgets, attacks, people)
    ranks, distances : what the judges say, of the same shape
    queries, seconds : what it took for each person and for all, of shape (factors, budgets, attacks)
    """

    factors: tuple[float, ...]
    budgets: tuple[int, ...]
    access: Mapping[str, str]
    pictures: np.ndarray
    reached: np.ndarray
    ranks: np.ndarray
    distances: np.ndarray
    queries: np.ndarray
    seconds: np.ndarray

    @property
    def hits(self) -> np.ndarray:
        """Whether the evaluator recognises the person; never where nothing was found."""
        hits: np.ndarray = (self.ranks == 1) & self.reached
        return hits


def fill_shelf(
    scenes: Mapping[float, Scene],
    target_classes: Sequence[int],
    *,
    budgets: Sequence[int] = BUDGETS,
    seed: int = 0,
    progress: bool = True,
) -> Shelf:
    """Run all attacks with all budgets; `scenes` holds the same people and judges with a target for each factor.

    About a minute for four people and three targets. Raises ValueError for a budget below 20.
    """
    if min(budgets) < 20:
        raise ValueError(f"a budget must be at least 20 images of each person's, got {min(budgets)} instead")
    factors = tuple(sorted(scenes))
    wanted = [(factor, budget, kind) for factor in factors for budget in budgets for kind in ATTACKS.values()]
    cells = [
        _cell(scenes[factor], kind, budget, target_classes, seed=seed)
        for factor, budget, kind in tqdm(wanted, disable=not progress, desc="attacking", unit="attack")
    ]
    shape = (len(factors), len(budgets), len(ATTACKS))
    arrays = {name: np.stack([cell[name] for cell in cells]) for name in cells[0]}
    arrays = {name: own.reshape(*shape, *own.shape[1:]) for name, own in arrays.items()}
    access = {name: "confidences" if kind == "sample" else access_name(kind) for name, kind in ATTACKS.items()}
    return Shelf(factors, tuple(budgets), access, **arrays)


def within(attack: str, budget: int, people: int) -> dict[str, Any]:
    """Settings with which an attack on so many people asks about `budget` images of each at most."""
    if attack == "ppa":
        views = budget // 10
        pool = people * budget // 4 - 1  # an image and its mirror image; one query says how many classes there are
        return {"pool": pool, "candidates": 1, "keep": 1, "steps": budget // 2 - views, "selection_views": views}
    if attack == "fredrikson":
        return {"steps": budget - 1}
    if attack == "mirror_black":
        pool = people * budget // 2 - 1
        return {"pool": pool, "population": POPULATION, "generations": budget // 2 // POPULATION - 1}
    if attack == "brep":
        rounds = budget // 2 // (POINTS + 1)
        return {"start_batch": people * budget // 2 - 1, "start_batches": 1, "points": POINTS, "rounds": rounds}
    raise ValueError(f"attack must be ppa, fredrikson, mirror_black or brep, got {attack!r} instead")


def _cell(
    scene: Scene, kind: str, budget: int, target_classes: Sequence[int], *, seed: int
) -> dict[str, np.ndarray | float]:
    began = time.perf_counter()
    with one_thread():
        pictures, reached, queries = _hand_in(scene, kind, budget, target_classes, seed=seed)
    seconds = time.perf_counter() - began
    images, targets = to_floats(pictures), np.asarray(target_classes)
    said = judge(images, targets, reached, scene.people, scene.judges, per_class=POOL)
    return {
        "pictures": as_pictures(resize(images.expand(-1, 3, -1, -1), (SIZE, SIZE))),
        "reached": reached,
        "ranks": said.rank,
        "distances": said.distance,
        "queries": queries / len(target_classes),
        "seconds": seconds,
    }


def _hand_in(
    scene: Scene, kind: str, budget: int, target_classes: Sequence[int], *, seed: int
) -> tuple[Tensor, np.ndarray, int]:
    """uint8 pictures of shape (people, channels, h, w), whether something was found, and the queries of all."""
    model, prior, count = scene.target.model, scene.prior, len(target_classes)
    if kind == "sample":
        access, everybody = give_access("mirror_black", model), len(scene.people.class_names)
        pictures, reached = best_start(access, prior, everybody, pool=count * budget // 2, size=(SIZE, SIZE), seed=seed)
        chosen = torch.tensor(target_classes)
        return pictures[chosen], reached[chosen].numpy(), access.queries
    settings = within(kind, budget, count)
    if kind == "ppa":
        more = {"learning_rate": 0.05, "batch_size": 32}
        found = attack(model, prior, target_classes, settings | more, size=SIZE, seed=seed, progress=False)
    else:
        found = run_attack(
            kind,
            give_access(kind, model),
            target_classes,
            Tools(prior),
            settings,
            image_size=(scene.people.images.shape[1], SIZE, SIZE),
            seed=seed,
            progress=False,
        )
    pictures, reached = handed_in(found)
    return pictures, reached.numpy(), found.queries
