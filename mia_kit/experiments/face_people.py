"""Whom the face experiments attack: people, and which photographs the target and the evaluator are given.

Each person's photographs are put in a random order that the seed chooses. The first `pool` belong to the target, which
trains on the first few of them; all others belong to the evaluator. So the two never share a photograph, and a target
that trains on more photographs sees all those of a target that trains on fewer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mia_kit.data import ImageSet, load, people_with
from mia_kit.data.aligned import FRAMES, load_aligned
from mia_kit.data.pictures import to_floats
from mia_kit.data.public import public_people as public_people


@dataclass(frozen=True, eq=False)
class People:
    """Photographs of people, and their order.

    images : uint8 Tensor of shape (n, channels, h, w)
    labels : int64 Tensor of shape (n,), in [0, people)
    order : int64 Tensor of shape (n,), the place of each photograph among those of its person, from 0
    pool : the target is given photographs whose order is below this, the evaluator the others
    class_names : one for each person
    """

    images: Tensor
    labels: Tensor
    order: Tensor
    pool: int
    class_names: tuple[str, ...]

    def target_training(self, per_class: int) -> Tensor:
        """Photographs the target trains on: a bool Tensor of shape (n,). ValueError if they are more than the pool."""
        if not 1 <= per_class <= self.pool:
            raise ValueError(f"per_class must lie in [1, {self.pool}], got {per_class} instead")
        return self.order < per_class

    def evaluator_training(self) -> Tensor:
        """Photographs the evaluator trains on: a bool Tensor of shape (n,)."""
        return self.order >= self.pool

    def floats(self, chosen: Tensor | slice = slice(None)) -> Tensor:
        """Those images as floats in [-1, 1], of shape (m, channels, h, w)."""
        return to_floats(self.images[chosen])


def load_people(name: str, *, size: int, pool: int, least: int, seed: int) -> People:
    """All people of a data set who have at least `least` photographs.

    Parameters
    ----------
    name : data set with identities; cut to the frame of the prior's faces if `mia_kit.data.aligned` has one for it
    size : height and width in pixels
    pool : photographs of each person for the target, at least 1
    least : at least pool + 1, so that the evaluator gets one of everybody
    seed : chooses who gets which photograph

    Raises
    ------
    ValueError
        If fewer than two people have so many photographs, or none is left for the target or the evaluator.
    DataError
        As `mia_kit.data.load` does.
    """
    faces = load_aligned(name, size) if name in FRAMES else load(name, size=size)
    return deal_photographs(faces, pool=pool, least=least, seed=seed)


def shuffled_members(faces: ImageSet, *, least: int, seed: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """The classes of people with at least `least` photographs, and where those of each are, in random order.

    ValueError if there are fewer than two such people.
    """
    chosen = people_with(faces, least)
    if len(chosen) < 2:
        raise ValueError(f"two people need at least {least} photographs, got {len(chosen)} such people instead")
    random = np.random.default_rng(seed)
    return chosen, [random.permutation(np.flatnonzero(faces.labels == person)) for person in chosen]


def deal_photographs(faces: ImageSet, *, pool: int, least: int, seed: int) -> People:
    """`load_people` for images that are loaded already, at their own size."""
    if not 1 <= pool < least:
        raise ValueError(
            "1 <= pool < least must hold, so that target and evaluator get a photograph of everybody, "
            f"got pool {pool} and least {least} instead"
        )
    chosen, members = shuffled_members(faces, least=least, seed=seed)
    return People(
        channels_first(faces.images[np.concatenate(members)]),
        torch.from_numpy(np.repeat(np.arange(len(chosen)), [len(own) for own in members])),
        torch.from_numpy(np.concatenate([np.arange(len(own)) for own in members])),
        pool,
        tuple(faces.class_names[person] for person in chosen),
    )


def channels_first(images: np.ndarray) -> Tensor:
    """Images of an ImageSet as uint8 Tensor of shape (n, channels, h, w)."""
    together = torch.from_numpy(images)
    return together.unsqueeze(1) if together.ndim == 3 else together.permute(0, 3, 1, 2).contiguous()
