"""A surrogate in the plane: a cloud under the protected class's label, and where the attack lands.

The toy of chapter 1 with the first step of the data-centric defence (Chen et al.): the contributor of one class adds as
many points as they have, around another place, under their own label. The other two steps, wrong labels and noisy
copies, are those of `mia_kit.defences.data_centric`, which takes points of this plane as it takes pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mia_kit import check
from mia_kit.seeds import stream
from mia_kit.toy.grid import GridInversions
from mia_kit.toy.world import ToyData, distances

LIMITS = (-16.0, 16.0)  # of both coordinates: what black and white are to a picture
SPREAD = 1.6  # as of the clouds of `make_data`


def surrogate_cloud(place: Sequence[float], count: int, *, seed: int) -> Tensor:
    """A Gaussian cloud around a place, as wide as the others: float Tensor of shape (count, 2) within `LIMITS`.

    Raises ValueError unless `place` is two finite coordinates within the limits and `count` is at least 1.
    """
    for coordinate in check.array("place", place, (2,)):
        check.in_range("each coordinate of place", coordinate, *LIMITS)
    centre = torch.as_tensor(place, dtype=torch.float32)
    return (centre + SPREAD * torch.randn(check.count("count", count), 2, generator=stream(seed))).clamp(*LIMITS)


@dataclass(frozen=True, eq=False)
class Landings:
    """Where attacks on a protected class ended: arrays of shape (seeds, starts).

    to_protected, to_surrogate : Euclidean distances to the nearest point of the protected cloud and of the surrogate's
    """

    to_protected: np.ndarray
    to_surrogate: np.ndarray

    @property
    def on_surrogate(self) -> np.ndarray:
        """Whether the surrogate is nearer."""
        return self.to_surrogate < self.to_protected


def landings(inversions: GridInversions, protected: Tensor, surrogates: Sequence[Tensor]) -> Landings:
    """Distances from the ends of `invert_grid`'s attacks, of a grid of one factor.

    `protected` are points of the protected cloud, of shape (n, 2), whatever labels they were given, and `surrogates`,
    for each seed, points of shape (m, 2).
    """
    if len(inversions.smoothings) != 1 or len(surrogates) != len(inversions.seeds):
        raise ValueError(
            f"one factor and a surrogate for each seed are needed, got {len(inversions.smoothings)} factors, "
            f"{len(inversions.seeds)} seeds and {len(surrogates)} surrogates instead"
        )
    ends = torch.from_numpy(inversions.result[0])  # (seeds, starts, 2)
    check.finite("the ends of the attacks", ends)
    for cloud in (protected, *surrogates):
        check.finite("the points of a cloud", cloud)
    near = [distances(end, cloud).amin(dim=1) for end, cloud in zip(ends, surrogates, strict=True)]
    return Landings(distances(ends, protected).amin(dim=2).numpy(), torch.stack(near).numpy())


@dataclass(frozen=True, eq=False)
class SurrogateTable:
    """Ends of attacks for each place of the surrogate. The first axes are its coordinates: places across, places up.

    data : the points before anybody adds any
    protected : the class under attack
    coordinates : ascending, the same across and up
    starts : of the attacks
    clouds : of shape (places, places, m, 2), the surrogate of the first seed
    ends : of shape (places, places, seeds, starts, 2)
    on_surrogate : whether the surrogate is nearer than the protected cloud, bool of shape (places, places, seeds,
        starts)
    bare : ends without a surrogate, of shape (seeds, starts, 2)
    """

    data: ToyData
    protected: int
    coordinates: tuple[float, ...]
    starts: tuple[tuple[float, float], ...]
    clouds: np.ndarray
    ends: np.ndarray
    on_surrogate: np.ndarray
    bare: np.ndarray

    def landed(self) -> np.ndarray:
        """The share of attacks that end on the surrogate, of shape (places, places)."""
        return self.on_surrogate.mean(axis=(2, 3))
