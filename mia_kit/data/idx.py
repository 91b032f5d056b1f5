"""The idx format of MNIST and Fashion-MNIST: a short header and bytes, plain or packed with gzip.

The sha256 of the unpacked content is checked, so that any packing of the same file will do.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mia_kit.data.folders import DataError
from mia_kit.data.image_set import DataCard, ImageSet
from mia_kit.data.inventory import Fetched

BYTES = 0x08  # the format's code for unsigned bytes


@dataclass(frozen=True)
class IdxPair:
    """Names, sha256 of the unpacked content: one file of pictures and one of labels."""

    images: str
    images_sha256: str
    labels: str
    labels_sha256: str


def load_both(source: Fetched, train: IdxPair, test: IdxPair, *, class_names: tuple[str, ...], card: str) -> ImageSet:
    """The training pictures, then the test pictures, with the card of that name; `official_split` tells them apart.

    Raises DataError if a file is absent or damaged.
    """
    parts = {"train": _read_pair(source, train), "test": _read_pair(source, test)}
    return ImageSet(
        np.concatenate([images for images, _ in parts.values()]),
        np.concatenate([labels for _, labels in parts.values()]),
        class_names,
        DataCard.read(card),
        files=tuple(f"{name}/{number:05}" for name, (images, _) in parts.items() for number in range(len(images))),
    )


def _read_pair(source: Fetched, pair: IdxPair) -> tuple[np.ndarray, np.ndarray]:
    """Pictures, uint8 of shape (n, h, w), and labels, int64 of shape (n,)."""
    images, labels = (
        read_idx(source.path(f"{name}.gz", name), sha256)
        for name, sha256 in ((pair.images, pair.images_sha256), (pair.labels, pair.labels_sha256))
    )
    return images, labels.astype(np.int64)


def read_idx(path: Path, sha256: str) -> np.ndarray:
    """The array of one file. Raises DataError if it cannot be unpacked, or its content is not the expected one."""
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, ValueError) as problem:
        raise DataError(f"{path} is damaged or only half downloaded ({problem}): get it again.") from problem
    digest = hashlib.sha256(content).hexdigest()
    if digest != sha256:
        raise DataError(
            f"{path} is damaged or another file: the sha256 of its content should begin with {sha256[:12]}, "
            f"got {digest[:12]} instead; get it again."
        )
    dimensions = content[3]
    if content[2] != BYTES:
        raise DataError(f"{path} should hold unsigned bytes, got the type {content[2]:#x} instead: get it again.")
    shape = np.frombuffer(content, dtype=">u4", count=dimensions, offset=4)
    return np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * dimensions).reshape(shape)
