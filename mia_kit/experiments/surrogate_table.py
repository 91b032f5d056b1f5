"""Chapter 10's map: where the attack ends in the plane for each place of the surrogate cloud, computed beforehand.

The toy of `toy_surrogate` with all three steps, fewer points and fewer steps of training: a few seconds for all places.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mia_kit.defences import DataCentric
from mia_kit.experiments.toy_surrogate import defended
from mia_kit.toy import ToyData, invert_grid, make_data, train_grid
from mia_kit.toy.surrogate import SurrogateTable, landings, surrogate_cloud

PROTECTED = 2  # the class at (10, 10)
COORDINATES = (-14.0, -7.0, 0.0, 7.0, 14.0)
STARTS = ((-3.0, -10.0), (0.0, -10.0), (-10.0, 10.0), (0.0, 0.0), (10.0, -15.0))  # those of toy_order
POINTS, TRAINING_STEPS, ATTACK_STEPS = 150, 700, 1000


def surrogate_table(
    coordinates: Sequence[float] = COORDINATES,
    *,
    seeds: int = 2,
    points: int = POINTS,
    training_steps: int = TRAINING_STEPS,
    attack_steps: int = ATTACK_STEPS,
    progress: bool = True,
) -> SurrogateTable:
    """Train and attack a model for every place and seed, and one for every seed without a surrogate."""
    data, settings = make_data(points), DataCentric(copies_mislabelled=0.5)
    places = [(x, y) for x in coordinates for y in coordinates]
    count = len(data.of_class(PROTECTED))
    clouds = [surrogate_cloud(place, count, seed=seed) for place in places for seed in range(seeds)]
    own: list[ToyData] = [
        defended(data, PROTECTED, settings, cloud, seed=number % seeds) for number, cloud in enumerate(clouds)
    ]
    more: dict[str, Any] = {"steps": training_steps, "progress": progress}
    attack: dict[str, Any] = {"max_steps": attack_steps, "progress": progress}
    # A seed gives a model its first weights: those of a seed begin alike at every place.
    grid = train_grid([0.0], [number % seeds for number in range(len(own))], own, **more)
    found = invert_grid(grid, STARTS, PROTECTED, **attack)
    landed = landings(found, data.of_class(PROTECTED), clouds).on_surrogate
    bare = invert_grid(train_grid([0.0], range(seeds), data, **more), STARTS, PROTECTED, **attack)
    shape = (len(coordinates), len(coordinates), seeds)
    return SurrogateTable(
        data,
        PROTECTED,
        tuple(coordinates),
        STARTS,
        np.stack([cloud.numpy() for cloud in clouds[::seeds]]).reshape(*shape[:2], count, 2),
        found.result[0].reshape(*shape, len(STARTS), 2),
        landed.reshape(*shape, len(STARTS)),
        bare.result[0],
    )
