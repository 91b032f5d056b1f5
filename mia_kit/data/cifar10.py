"""CIFAR-10, all 60,000 pictures, 32 x 32: an archive of JPEG files (lossy: see the card), or the original pixels.

`load` reads the archive; `load_full` the arrays that `data_scripts/fetch_cifar10.py` makes of the original.
"""

from __future__ import annotations

import zipfile

import numpy as np

from mia_kit.data.archives import DataFile, unpacked
from mia_kit.data.decoding import Size, decode, resized
from mia_kit.data.folders import DataError
from mia_kit.data.image_set import DataCard, ImageSet
from mia_kit.data.inventory import CIFAR10
from mia_kit.data.people import names_below, pictures_in

SHA256 = "52cd861964b42bf38079f4e6dc36906c3718a8be6f7e04343c262a950ba0583e"
ARCHIVE = DataFile("cifar10", "cifar10_jpeg.tar.xz", SHA256, ("cifar10_full", CIFAR10.command))
SIZE = 32
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def load(size: Size = None) -> ImageSet:
    """The 50,000 training pictures, then the 10,000 test pictures; `official_split` tells them apart.

    DataError as from `unpacked`.
    """
    folder = unpacked(ARCHIVE)
    groups = [pictures_in(folder / part / name) for part in ("train", "test") for name in CLASSES]
    every = [path for paths in groups for path in paths]
    labels = np.repeat(np.tile(np.arange(len(CLASSES)), 2), [len(paths) for paths in groups])
    images = decode(every, size or SIZE, key=ARCHIVE.sha256)
    return ImageSet(images, labels, CLASSES, DataCard.read("cifar10"), files=names_below(folder, every))


def load_full(size: Size = None) -> ImageSet:
    """The original pixels, in the same order. DataError if the file is absent or damaged."""
    path = CIFAR10.path()
    try:
        with np.load(path, allow_pickle=False) as arrays:
            images, labels, train = arrays["images"], arrays["labels"].astype(np.int64), int(arrays["train"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as problem:
        raise DataError(f"{path} is damaged ({problem}): remove it and run  {CIFAR10.command}") from problem
    files = tuple(f"train/{i:05}" if i < train else f"test/{i - train:05}" for i in range(len(images)))
    return resized(ImageSet(images, labels, CLASSES, DataCard.read("cifar10_full"), files=files), size)
