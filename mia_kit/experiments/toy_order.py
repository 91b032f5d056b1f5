"""Claims S1 and S2: does positive smoothing end nearest to the training data, and take the most attack steps?

The published figure shows one seed and one start. Here every factor is trained from many seeds and attacked from
several starts; the order is judged on differences within a seed, averaged over its starts.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mia_kit.metrics.intervals import cluster_interval, share_interval
from mia_kit.toy import invert_grid, train_grid

VERSION = 1  # raise it when the code below gives other results


def run(recipe: dict[str, Any], progress: bool = True) -> dict[str, Any]:
    """Train, attack, and return distances, steps and the share in the claimed order."""
    grid = train_grid(recipe["smoothings"], range(recipe["seeds"]), steps=recipe["steps"], progress=progress)
    attack = {key: recipe[key] for key in ("target_class", "max_steps", "stop_confidence")}
    inversions = invert_grid(grid, recipe["starts"], progress=progress, **attack)
    distance = summarise(inversions.distance, sign=1)
    steps = summarise(inversions.steps, sign=-1)
    return {
        "distance": distance,
        "steps": steps,
        "stopped_share": inversions.stopped.mean(axis=(1, 2)).round(4).tolist(),
    }


def summarise(values: np.ndarray, sign: int) -> dict[str, Any]:
    """Means and order of values of shape (factors, seeds, starts), factors positive, hard, negative.

    `sign` is 1 if the claim is that the values rise along the factors, -1 if it is that they fall.
    """
    by_seed = np.moveaxis(values, 0, -1).astype(float)  # (seeds, starts, factors)
    gaps = sign * np.diff(by_seed, axis=-1)  # (seeds, starts, 2): above 0 where the claim holds
    ordered = np.all(gaps > 0, axis=-1)  # (seeds, starts)
    first = share_interval(int(ordered[:, 0].sum()), len(ordered))
    return {
        "mean": [_triple(cluster_interval(by_seed[..., k])) for k in range(3)],
        "median": np.median(by_seed, axis=(0, 1)).round(4).tolist(),
        "values": values.round(3).tolist(),
        "gap": [_triple(cluster_interval(gaps[..., k])) for k in range(2)],
        "ordered_share": _triple(cluster_interval(ordered)),
        "ordered_share_by_start": ordered.mean(axis=0).round(4).tolist(),
        "ordered_share_first_start": _triple(first),
    }


def _triple(interval: Any) -> list[float]:
    return [round(end, 4) for end in (interval.value, interval.low, interval.high)]
