"""Faces of six sets in one frame: eyes, mouth and chin stand at the same places, as in UTKFace's own pictures.

A prior of aligned faces can only serve an attack on a classifier that saw faces in the same frame. The boxes below make
each set's mean face agree best with the mean face of UTKFace (correlation 0.92 to 0.95 over scale and shift, 0.69 for
the forty people of ORL).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mia_kit import check
from mia_kit.data.decoding import resized
from mia_kit.data.faces import utkface_attributes
from mia_kit.data.image_set import ImageSet
from mia_kit.data.sources import load

if TYPE_CHECKING:
    from torch import Tensor

# Rows and columns of the face, in pixels of the set's own size.
FRAMES = {
    "utkface": (slice(0, 96), slice(0, 96)),
    "celeba10k": (slice(42, 93), slice(19, 70)),
    "celeba": (slice(84, 186), slice(38, 140)),  # as celeba10k, which is half its size
    "celeba_id": (slice(17, 111), slice(17, 111)),
    "lfw_ge8": (slice(49, 159), slice(39, 149)),
    "orl": (slice(31, 107), slice(6, 82)),
}
# What a generator may learn from: `celeba10k` shares nobody with `celeba_id`; `utkface` has no identities to compare.
PUBLIC = ("utkface", "celeba10k")


def load_aligned(name: str, size: int = 64) -> ImageSet:
    """The set `name`, one of `FRAMES`, each face cut out and resized to (size, size) pixels."""
    check.one_of("name", name, FRAMES)
    return resized(load(name).crop(*FRAMES[name]), size)


def load_public_faces(size: int = 64) -> np.ndarray:
    """All 17,706 public faces: uint8 of shape (n, size, size, 3)."""
    return np.concatenate([load_aligned(name, size).images for name in PUBLIC])


def public_people(size: int = 64) -> tuple[Tensor, Tensor]:
    """Public photographs for pretraining: uint8 Tensor of shape (n, 3, size, size) and int64 labels of shape (n,).

    A class is a person of `lfw_ge8`, a person of `celeba10k`, or, in `utkface`, which has no identities, all people of
    one gender, race and quarter of the ages; classes of a single photograph are left out. `celeba10k` has nobody of
    `celeba_id`; of the other two sets that cannot be checked. Not for attacks on `lfw_ge8` itself.
    """
    import torch

    sets = [load_aligned(name, size) for name in ("lfw_ge8", "celeba10k", "utkface")]
    ages, genders, races = utkface_attributes(sets[2]).T
    quarters = np.searchsorted(np.quantile(ages, [0.25, 0.5, 0.75]), ages)
    groups = [sets[0].labels, sets[1].labels, (quarters * 2 + genders) * 6 + races + 1]
    images, labels, first = [], [], 0
    for faces, classes in zip(sets, groups, strict=True):
        kept = np.bincount(classes)[classes] >= 2
        _, numbers = np.unique(classes[kept], return_inverse=True)
        images.append(faces.images[kept])
        labels.append(numbers + first)
        first += int(numbers.max()) + 1
    pictures = torch.from_numpy(np.concatenate(images)).permute(0, 3, 1, 2).contiguous()
    return pictures, torch.from_numpy(np.concatenate(labels))
