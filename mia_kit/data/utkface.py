"""UTKFace, 8,000 adults, 96 x 96: a public set without identities, for training a prior."""

from __future__ import annotations

import numpy as np

from mia_kit.data.archives import DataFile, unpacked
from mia_kit.data.decoding import Size, decode
from mia_kit.data.image_set import DataCard, ImageSet
from mia_kit.data.people import names_below, pictures_in

ARCHIVE = DataFile(
    "utkface", "utkface_96_8000.tar.xz", "977887fd0bfe556dcc4ddcdc0e3791145b0d0791bcb23dd4dd6c7ae4040d195d"
)
SIZE = 96


def load(size: Size = None) -> ImageSet:
    """All 8,000 photographs in one class, "adult": there are no identities. Raises DataError as `unpacked` does."""
    folder = unpacked(ARCHIVE)
    paths = pictures_in(folder)
    return ImageSet(
        decode(paths, size or SIZE, key=ARCHIVE.sha256),
        np.zeros(len(paths), dtype=np.int64),
        ("adult",),
        DataCard.read("utkface"),
        files=names_below(folder, paths),
    )


def attributes(images: ImageSet) -> np.ndarray:
    """Age in years, gender (0, 1) and race (0 to 4) as UTKFace's file names give them: int64 of shape (n, 3).

    A few names lack the race; it is then -1. The values were estimated by a program and checked by people; nobody in
    the pictures was asked.
    """
    parts = [name.split("_")[:-1] for name in images.files]  # the last is the date
    return np.array([[int(part) for part in [*fields, "-1"][:3]] for fields in parts], dtype=np.int64)
