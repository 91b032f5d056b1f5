"""Ten classes of random pictures, in the place of a data set."""

import numpy as np

from mia_kit.data import ImageSet
from mia_kit.data.image_set import DataCard


def noise(each: int = 12, size: int = 16) -> ImageSet:
    """`each` pictures of each of ten classes, `size` pixels a side."""
    random = np.random.default_rng(0)
    images = random.integers(256, size=(10 * each, size, size), dtype=np.uint8)
    names = tuple(f"class {number}" for number in range(10))
    return ImageSet(images, np.repeat(np.arange(10), each), names, DataCard.read("mnist5k"))
