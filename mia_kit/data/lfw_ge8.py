"""217 people of LFW (deep-funnelled), 8 photographs or more each, 192 x 192, and the benchmark's pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mia_kit.data.archives import DataFile, unpacked
from mia_kit.data.decoding import Size
from mia_kit.data.folders import DataError
from mia_kit.data.image_set import ImageSet
from mia_kit.data.lists import read_lines
from mia_kit.data.people import read_people

ARCHIVE = DataFile(
    "lfw_ge8",
    "lfw_deepfunneled_ge8_crop192.tar.xz",
    "1f7b11765b4ed4cf03792c08886ad6e3de56edfebd31cf9b4f4b209b16fd8122",
)
PAIRS = DataFile("lfw_ge8", "pairs.txt", "ea42330c62c92989f9d7c03237ed5d591365e89b3e649747777b70e692dc1592")
SIZE = 192
# The face in a 192 x 192 photograph: 115 pixels square, centred 8 pixels below the centre of the uncropped original.
FACE = (slice(44, 159), slice(36, 151))


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of photographs: places in an ImageSet, integer arrays of shape (n,), and whether they show one person."""

    first: np.ndarray
    second: np.ndarray
    same: np.ndarray


def load(size: Size = None) -> ImageSet:
    """All 4,822 photographs, a class named after each person. Raises DataError as `unpacked` does."""
    return read_people(unpacked(ARCHIVE), "lfw_ge8", size=size or SIZE, key=ARCHIVE.sha256)


def load_pairs(images: ImageSet) -> Pairs:
    """Those of LFW's 6,000 pairs both of whose photographs are among `images`. Raises DataError on a damaged list."""
    path = PAIRS.checked()
    place = {file: index for index, file in enumerate(images.files)}
    first, second, same = [], [], []
    for line in read_lines(path)[1:]:
        names = _names(line.split("\t"))
        if names is None:
            raise DataError(f"{path} holds the line {line!r}, which is not a pair: get it again.")
        if names[0] in place and names[1] in place:
            first.append(place[names[0]])
            second.append(place[names[1]])
            same.append(line.count("\t") == 2)
    return Pairs(np.array(first, dtype=np.int64), np.array(second, dtype=np.int64), np.array(same, dtype=bool))


def _names(fields: list[str]) -> tuple[str, str] | None:
    """The two files of a line: `person i j` for the same person, `person i person j` for two."""
    if len(fields) not in (3, 4):
        return None
    one, i, *rest = fields
    other, j = rest if len(rest) == 2 else (one, rest[0])
    return f"{one}/{one}_{int(i):04}.jpg", f"{other}/{other}_{int(j):04}.jpg"
