"""The table of data sets that `load` knows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from mia_kit import check
from mia_kit.data import celeba, cifar10, faces, gtsrb, mnist, packaged
from mia_kit.data.decoding import Size, resized
from mia_kit.data.image_set import ImageSet

_SOURCES: dict[str, Callable[[Size], ImageSet]] = {
    "orl": lambda size: resized(packaged.load_orl(), size),
    "digits": lambda size: resized(packaged.load_digits(), size),
    "mnist5k": lambda size: resized(packaged.load_mnist5k(), size),
    **{name: partial(faces.load_people, name) for name in faces.PEOPLE},
    "celeba": celeba.load,
    "celeba10k": faces.load_celeba10k,
    "cifar10": cifar10.load,
    "cifar10_full": cifar10.load_full,
    "fashion_mnist": mnist.load_fashion,
    "gtsrb": gtsrb.load,
    "gtsrb_full": gtsrb.load_full,
    "mnist": mnist.load,
    "utkface": faces.load_utkface,
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
