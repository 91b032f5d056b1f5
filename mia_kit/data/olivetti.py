"""The Olivetti faces: 40 people, 10 photographs each, 64 x 64 grey. The same people as `orl`."""

from __future__ import annotations

import numpy as np

from mia_kit.data.archives import DataFile
from mia_kit.data.decoding import Size, resized
from mia_kit.data.folders import DataError
from mia_kit.data.image_set import DataCard, ImageSet

TABLE = DataFile("olivetti", "olivettifaces.mat", "b1988d02c72fe5b8ee82b5ef3bb7982eafc74f1e1ff0ae0ade35061ad0af534d")
PEOPLE = 40
PHOTOGRAPHS = 10
SIZE = 64


def load(size: Size = None) -> ImageSet:
    """All 400 faces, person by person. Raises DataError if the table is absent or damaged."""
    from scipy.io import loadmat

    path = TABLE.checked()
    faces = loadmat(path, variable_names=["faces"]).get("faces")
    if faces is None or faces.shape != (SIZE * SIZE, PEOPLE * PHOTOGRAPHS):
        shape = None if faces is None else faces.shape
        raise DataError(f"{path} should hold {SIZE * SIZE} x {PEOPLE * PHOTOGRAPHS} pixels, got {shape}: get it again.")
    images = faces.T.reshape(-1, SIZE, SIZE).transpose(0, 2, 1).astype(np.uint8)  # each face is stored by columns
    labels = np.repeat(np.arange(PEOPLE, dtype=np.int64), PHOTOGRAPHS)
    names = tuple(f"person {number}" for number in range(1, PEOPLE + 1))
    return resized(ImageSet(np.ascontiguousarray(images), labels, names, DataCard.read("olivetti")), size)
