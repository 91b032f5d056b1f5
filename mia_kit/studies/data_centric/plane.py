"""The defence in the plane of chapter 1, live: where attacks end, by the surrogate's place and by the steps taken.

A point is a picture of two pixels, and black to white is the side of the plane. All models of a question are trained
and attacked as one batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import torch
from torch import Tensor

from mia_kit.defences import DataCentric, protect
from mia_kit.toy import GridInversions, ToyData, invert_grid, make_data, train_grid
from mia_kit.toy.surrogate import LIMITS, Landings, SurrogateTable, landings, surrogate_cloud

PROTECTED = 2  # the class at (10, 10)
MIDDLE = (0.0, 2.0)
COORDINATES = (-14.0, -7.0, 0.0, 7.0, 14.0)
STARTS = ((-3.0, -10.0), (0.0, -10.0), (-10.0, 10.0), (0.0, 0.0), (10.0, -15.0))  # those of toy_order
POINTS, TRAINING_STEPS, ATTACK_STEPS = 150, 700, 1000
CHOICES: dict[str, tuple[str, ...]] = {
    "nothing": (),
    "injection": ("injection",),
    "injection, loss": ("injection", "loss"),
    "injection, curvature": ("injection", "curvature"),
    "all three": ("injection", "loss", "curvature"),
}


def surrogate_table(
    coordinates: Sequence[float] = COORDINATES,
    *,
    seeds: int = 2,
    points: int = POINTS,
    training_steps: int = TRAINING_STEPS,
    attack_steps: int = ATTACK_STEPS,
) -> SurrogateTable:
    """Train and attack a model with all three steps for every place and seed, and one a seed without a surrogate."""
    data, places = make_data(points), product(coordinates, repeat=2)
    count = len(data.of_class(PROTECTED))
    clouds = [surrogate_cloud(place, count, seed=seed) for place in places for seed in range(seeds)]
    given = [protected_data(data, cloud, seed=number % seeds) for number, cloud in enumerate(clouds)]
    ends = attacked(given, seeds, training_steps, attack_steps)
    bare = attacked([data] * seeds, seeds, training_steps, attack_steps)
    side, starts = len(coordinates), len(STARTS)
    first = np.stack([cloud.numpy() for cloud in clouds[::seeds]]).reshape(side, side, count, 2)
    points_reached = ends.result[0].reshape(side, side, seeds, starts, 2)
    landed = landings(ends, data.of_class(PROTECTED), clouds).on_surrogate.reshape(side, side, seeds, starts)
    return SurrogateTable(data, PROTECTED, tuple(coordinates), STARTS, first, points_reached, landed, bare.result[0])


def by_steps(
    choices: Mapping[str, Sequence[str]] = CHOICES,
    *,
    seeds: int = 10,
    points: int = POINTS,
    training_steps: int = TRAINING_STEPS,
    attack_steps: int = ATTACK_STEPS,
) -> dict[str, Landings]:
    """Where attacks end for each choice of steps, with the surrogate in the middle of the plane."""
    data = make_data(points)
    clouds = [surrogate_cloud(MIDDLE, len(data.of_class(PROTECTED)), seed=seed) for seed in range(seeds)]
    results = {}
    for name, steps in choices.items():
        given = [protected_data(data, cloud, tuple(steps), seed=seed) for seed, cloud in enumerate(clouds)]
        ends = attacked(given, seeds, training_steps, attack_steps)
        results[name] = landings(ends, data.of_class(PROTECTED), clouds)
    return results


def protected_data(
    data: ToyData, cloud: Tensor, steps: tuple[str, ...] = CHOICES["all three"], *, seed: int
) -> ToyData:
    """The points that the trainer gets if the contributor of `PROTECTED` takes these steps."""
    given = protect(
        data.points,
        data.labels,
        [PROTECTED],
        seed=seed,
        surrogates={PROTECTED: cloud},
        settings=DataCentric(steps, copies_mislabelled=0.5),
        classes=3,
        limits=LIMITS,
    )
    return ToyData(given.images, given.labels)


def attacked(given: Sequence[ToyData], seeds: int, training_steps: int, attack_steps: int) -> GridInversions:
    """The ends of attacks on a model of each data set; those of one seed begin with the same weights."""
    numbers = [number % seeds for number in range(len(given))]
    grid = train_grid([0.0], numbers, list(given), steps=training_steps, progress=False)
    with torch.no_grad():
        return invert_grid(grid, STARTS, PROTECTED, max_steps=attack_steps, progress=False)
