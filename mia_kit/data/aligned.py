"""Faces of five sets in one frame: eyes, mouth and chin stand at the same places, as in UTKFace's own pictures.

A prior of aligned faces can only serve an attack on a classifier that saw faces in the same frame. The boxes below make
each set's mean face agree best with the mean face of UTKFace (correlation 0.92 to 0.95 over scale and shift, 0.69 for
the forty people of ORL).
"""

from __future__ import annotations

import numpy as np

from mia_kit import check
from mia_kit.data.decoding import resized
from mia_kit.data.image_set import ImageSet
from mia_kit.data.sources import load

# Rows and columns of the face, in pixels of the set's own size.
FRAMES = {
    "utkface": (slice(0, 96), slice(0, 96)),
    "celeba10k": (slice(42, 93), slice(19, 70)),
    "celeba_id": (slice(17, 111), slice(17, 111)),
    "lfw_ge8": (slice(49, 159), slice(39, 149)),
    "orl": (slice(31, 107), slice(6, 82)),
}
# What a generator may learn from: `celeba10k` shares nobody with `celeba_id`; `utkface` has no identities to compare.
PUBLIC = ("utkface", "celeba10k")


def load_aligned(name: str, size: int = 64) -> ImageSet:
    """The set `name`, one of `FRAMES`, each face cut out and resized to (size, size) pixels.

    ValueError if the set has no frame. DataError As `load` does.
    """
    check.one_of("name", name, FRAMES)
    return resized(load(name).crop(*FRAMES[name]), size)


def load_public_faces(size: int = 64) -> np.ndarray:
    """All 17,706 public faces: uint8 of shape (n, size, size, 3). Raises DataError as `load` does."""
    return np.concatenate([load_aligned(name, size).images for name in PUBLIC])
