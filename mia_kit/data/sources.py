"""The table of data sets that `load` knows."""

from __future__ import annotations

from collections.abc import Callable

from mia_kit import check
from mia_kit.data import (
    celeba,
    celeba10k,
    celeba_id,
    cifar10,
    digits,
    facescrub,
    gtsrb,
    lfw_ge8,
    mnist,
    mnist5k,
    orl,
    utkface,
)
from mia_kit.data.decoding import Size, resized
from mia_kit.data.image_set import ImageSet

_SOURCES: dict[str, Callable[[Size], ImageSet]] = {
    # inside Python packages
    "orl": lambda size: resized(orl.load(), size),
    "digits": lambda size: resized(digits.load(), size),
    "mnist5k": lambda size: resized(mnist5k.load(), size),
    # archives in the data folder
    "celeba_id": celeba_id.load,
    "celeba10k": celeba10k.load,
    "cifar10": cifar10.load,
    "facescrub12": facescrub.load_twelve,
    "gtsrb": gtsrb.load,
    "lfw_ge8": lfw_ge8.load,
    "mnist": mnist.load,
    "utkface": utkface.load,
    # layouts that others have made
    "celeba": celeba.load,
    "celeba_hd": celeba.load_hd,
    "cifar10_full": cifar10.load_full,
    "facescrub": facescrub.load,
    "fashion_mnist": mnist.load_fashion,
    "gtsrb_full": gtsrb.load_full,
}


def names() -> tuple[str, ...]:
    """The names that `load` accepts."""
    return tuple(_SOURCES)


def load(name: str, size: Size = None) -> ImageSet:
    """Load a data set by name; `names()` lists them.

    `size` is (h, w) in pixels, or one number for a square; the data set's own by default. Pictures are cropped around
    the centre to the proportions asked for, then resized. DataError if files are absent or damaged; it says what to do.
    """
    check.one_of("name", name, _SOURCES)
    return _SOURCES[name](size)
