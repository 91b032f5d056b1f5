"""MNIST and Fashion-MNIST, 70,000 pictures each, 28 x 28: the idx files, plain or packed with gzip.

The sha256 of the unpacked content is checked, so that any packing of the same file will do. Debian and Ubuntu carry
Fashion-MNIST in the package dataset-fashion-mnist.
"""

from __future__ import annotations

import gzip
import hashlib

import numpy as np

from mia_kit.data.archives import check_sha256
from mia_kit.data.decoding import Size, resized
from mia_kit.data.folders import DataError
from mia_kit.data.image_set import DataCard, ImageSet
from mia_kit.data.inventory import FASHION_MNIST, MNIST, Fetched

# "train" and "t10k": the sha256 of the unpacked pictures and labels.
Digests = dict[str, tuple[str, str]]
DIGITS = {
    "train": (
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    "t10k": (
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
}
CLOTHES = {
    "train": (
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    ),
    "t10k": (
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
}
GARMENTS = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "trainer", "bag", "ankle boot")


def load(size: Size = None) -> ImageSet:
    """All digits: 60,000 training pictures, then 10,000 test pictures, 28 x 28 grey; `official_split` parts them."""
    return resized(_load(MNIST, DIGITS, tuple("0123456789"), "mnist"), size)


def load_fashion(size: Size = None) -> ImageSet:
    """Clothes in ten classes, else as `load`."""
    return resized(_load(FASHION_MNIST, CLOTHES, GARMENTS, "fashion_mnist"), size)


def _load(source: Fetched, digests: Digests, class_names: tuple[str, ...], card: str) -> ImageSet:
    images, labels, names = [], [], []
    for part, (of_images, of_labels) in digests.items():
        images.append(_read(source, f"{part}-images-idx3-ubyte", of_images))
        labels.append(_read(source, f"{part}-labels-idx1-ubyte", of_labels))
        names += [f"{'train' if part == 'train' else 'test'}/{number:05}" for number in range(len(images[-1]))]
    labels_ = np.concatenate(labels).astype(np.int64)
    return ImageSet(np.concatenate(images), labels_, class_names, DataCard.read(card), files=tuple(names))


def _read(source: Fetched, name: str, sha256: str) -> np.ndarray:
    """The array of one file: a short header and bytes."""
    path = source.path(f"{name}.gz", name)
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, ValueError) as problem:
        raise DataError(f"{path} is damaged or only half downloaded ({problem}): get it again.") from problem
    check_sha256(path, hashlib.sha256(content).hexdigest(), sha256)
    dimensions = content[3]
    shape = np.frombuffer(content, dtype=">u4", count=dimensions, offset=4)
    return np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * dimensions).reshape(shape)
