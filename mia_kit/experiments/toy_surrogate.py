"""The data-centric defence in the plane: where does the attack end, on the protected cloud or on the surrogate?

The three-class toy of chapter 1 with each of the recipe's choices of steps and each place of the surrogate; one model,
one surrogate cloud and one draw of wrong labels and noise for each seed; the attack from several starts. A plane of 32
a side is a picture of two pixels: noise is a share of 32. Intervals resample seeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mia_kit.defences.data_centric import DataCentric, protect
from mia_kit.metrics.intervals import Interval, cluster_interval
from mia_kit.toy import GridInversions, ToyData, ToyGrid, invert_grid, make_data, train_grid
from mia_kit.toy.surrogate import LIMITS, landings, surrogate_cloud

VERSION = 1  # raise it when the code below gives other results
INSIDE = 1.0  # a result this near to a point lies inside its cloud, whose standard deviation is 1.6
TEST_SEED = 18  # of the points that accuracy is measured on


def run(recipe: dict[str, Any], progress: bool = True) -> dict[str, Any]:
    """Protect, train, attack; distances, shares and accuracies of each cell of steps and place."""
    trained: dict[Any, Attacked] = {}
    cells = []
    for steps in map(tuple, recipe["steps"]):
        for place in map(tuple, recipe["places"]):
            key = (steps, place if "injection" in steps else None)  # nothing else depends on where the surrogate is
            if key not in trained:
                trained[key] = attack(recipe, steps, place, progress=progress)
            cells.append(measure(recipe, steps, place, trained[key]))
    return {"cells": cells}


@dataclass(frozen=True, eq=False)
class Attacked:
    """Models of all seeds on the points that a trainer gets, and where the attacks on them end."""

    grid: ToyGrid
    inversions: GridInversions


def attack(
    recipe: dict[str, Any], steps: tuple[str, ...], place: tuple[float, float], *, progress: bool = True
) -> Attacked:
    """Protect, train and attack with these steps and this place of the surrogate."""
    data, own = make_data(recipe["points"]), recipe["protected"]
    settings = DataCentric(steps, copies_mislabelled=recipe["copies_mislabelled"])
    points = [
        defended(data, own, settings, cloud, seed=seed) for seed, cloud in enumerate(clouds(recipe, data, own, place))
    ]
    grid = train_grid([0.0], range(recipe["seeds"]), points, steps=recipe["training_steps"], progress=progress)
    return Attacked(grid, invert_grid(grid, recipe["starts"], own, max_steps=recipe["max_steps"], progress=progress))


def clouds(recipe: dict[str, Any], data: ToyData, own: int, place: tuple[float, float]) -> list[Tensor]:
    """The surrogate of each seed, as many points as the protected class has."""
    return [surrogate_cloud(place, len(data.of_class(own)), seed=seed) for seed in range(recipe["seeds"])]


def measure(
    recipe: dict[str, Any], steps: tuple[str, ...], place: tuple[float, float], attacked: Attacked
) -> dict[str, Any]:
    """One cell, with the distances of every attack."""
    data, own = make_data(recipe["points"]), recipe["protected"]
    grid, inversions = attacked.grid, attacked.inversions
    found = landings(inversions, data.of_class(own), clouds(recipe, data, own, place))
    # (seeds, 2): classified right of all points and of the protected class's
    accuracy = np.array([accuracies(grid, seed, own, recipe["points"]) for seed in grid.seeds])
    return {
        "steps": list(steps),
        "place": list(place),
        "to_protected": summary(found.to_protected),
        "to_surrogate": summary(found.to_surrogate),
        "gap": summary(found.to_protected - found.to_surrogate),
        "on_surrogate": summary(found.on_surrogate),
        "inside_protected": summary(found.to_protected < INSIDE),
        "inside_surrogate": summary(found.to_surrogate < INSIDE),
        "stopped": summary(inversions.stopped[0]),
        "accuracy": summary(accuracy[:, 0]),
        "accuracy_protected": summary(accuracy[:, 1]),
        "on_surrogate_by_start": found.on_surrogate.mean(axis=0).round(4).tolist(),
        "distances": np.stack([found.to_protected, found.to_surrogate]).round(2).tolist(),
    }


def defended(data: ToyData, own: int, settings: DataCentric, cloud: Tensor, *, seed: int) -> ToyData:
    """The points that the trainer gets from the contributor of class `own` and everybody else."""
    result = protect(
        data.points, data.labels, [own], seed=seed, surrogates={own: cloud}, settings=settings, classes=3, limits=LIMITS
    )
    return ToyData(result.images, result.labels)


@torch.no_grad()
def accuracies(grid: ToyGrid, seed: int, own: int, count: int) -> tuple[float, float]:
    """Shares of fresh points that the model classifies right: of all, and of the protected class."""
    fresh = make_data(count, seed=TEST_SEED)
    right = grid.model(0.0, seed)(fresh.points).argmax(dim=1) == fresh.labels
    return float(right.float().mean()), float(right[fresh.labels == own].float().mean())


def summary(values: np.ndarray) -> dict[str, float]:
    """Mean of values of shape (seeds, ...), its 95 % interval over seeds, and the median."""
    interval: Interval = cluster_interval(values)
    ends = {"value": interval.value, "low": interval.low, "high": interval.high, "median": float(np.median(values))}
    return {name: round(end, 4) for name, end in ends.items()}
