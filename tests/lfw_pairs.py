"""LFW's pairs: photographs of one person and of two, by which the benchmark judges an embedder."""

from dataclasses import dataclass

import numpy as np

from mia_kit.data import ImageSet
from mia_kit.data.archives import DataFile
from mia_kit.data.lists import read_lines

PAIRS = DataFile("lfw_ge8", "pairs.txt", "ea42330c62c92989f9d7c03237ed5d591365e89b3e649747777b70e692dc1592")


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of photographs: places in an ImageSet, integer arrays of shape (n,), and whether they show one person."""

    first: np.ndarray
    second: np.ndarray
    same: np.ndarray


def load_pairs(images: ImageSet) -> Pairs:
    """Those of LFW's 6,000 pairs both of whose photographs are among `images`."""
    place = {file: index for index, file in enumerate(images.files)}
    rows = []
    for line in read_lines(PAIRS.checked())[1:]:  # `person i j` for one person, `person i person j` for two
        person, i, *rest = line.split("\t")
        other, j = rest if len(rest) == 2 else (person, rest[0])
        names = f"{person}/{person}_{int(i):04}.jpg", f"{other}/{other}_{int(j):04}.jpg"
        if names[0] in place and names[1] in place:
            rows.append((place[names[0]], place[names[1]], person == other))
    first, second, same = np.array(rows).T
    return Pairs(first, second, same.astype(bool))
