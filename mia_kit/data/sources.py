"""The table of data sets that `load` knows."""

from __future__ import annotations

from collections.abc import Callable

from mia_kit.data import digits, mnist5k, orl
from mia_kit.data.image_set import ImageSet

_SOURCES: dict[str, Callable[[], ImageSet]] = {
    "orl": orl.load,
    "digits": digits.load,
    "mnist5k": mnist5k.load,
}


def names() -> tuple[str, ...]:
    """The names that `load` accepts."""
    return tuple(_SOURCES)


def load(name: str) -> ImageSet:
    """Load a data set by name: "orl" (faces), "digits" (8 x 8) or "mnist5k" (28 x 28).

    Raises
    ------
    ValueError
        If there is no data set of this name.
    DataError
        If its files are absent or damaged; the message says what to do.
    """
    if name not in _SOURCES:
        raise ValueError(f"no data set is called {name!r}: choose one of {', '.join(_SOURCES)}")
    return _SOURCES[name]()
