"""Photographs to arrays: decoded once at the asked size, kept in the cache as one .npy file, mapped into memory.

The name of the file is a sha256 of all that shapes its content: the source, the size and the version of
this code. A changed source or size makes a new file; a file is written beside its final name and renamed.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from tqdm.auto import tqdm

from mia_kit import check
from mia_kit.data.folders import DataError, cache_folder, write_error
from mia_kit.data.image_set import ImageSet
from mia_kit.data.reading import read_file

# Part of every key: raise it when the pixels change.
VERSION = 2
# Fewer pictures than this are decoded without a progress bar.
SHOW_PROGRESS = 500

Size = int | tuple[int, int] | None


def as_pair(size: int | tuple[int, int]) -> tuple[int, int]:
    """The size (h, w) in pixels; one number stands for a square. Raises as `check.counts`."""
    height, width = check.counts("size", size if isinstance(size, tuple | list) else (size, size), 2)
    return height, width


def decode(paths: Sequence[Path], size: int | tuple[int, int], *, key: str) -> np.ndarray:
    """All pictures at one size, (h, w) or one number for a square, cropped around the centre to its proportions before.

    `paths` are files that `mia_kit.data.reading` reads; `key` names their content, such as the sha256 of their archive.
    Returns a read-only uint8 array of shape (n, h, w, 3) mapped from the cache. DataError if a picture cannot be
    decoded, or the cache cannot be written.
    """
    shape = (len(paths), *as_pair(size), 3)
    digest = hashlib.sha256(f"{VERSION} {shape} {key}".encode()).hexdigest()
    path = cache_folder() / "decoded" / f"{digest[:32]}.npy"
    if not path.is_file():
        try:
            _write(path, paths, shape)
        except DataError:
            raise
        except OSError as problem:
            raise write_error(path, problem) from problem
    return np.load(path, mmap_mode="r")


def _write(path: Path, pictures: Sequence[Path], shape: tuple[int, int, int, int]) -> None:
    """The pictures as one file at `path`, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"part-{secrets.token_hex(4)}.npy")
    try:
        images = np.lib.format.open_memmap(part, mode="w+", dtype=np.uint8, shape=shape)
        bar = tqdm(pictures, desc="decoding", unit="picture", disable=len(pictures) < SHOW_PROGRESS)
        for place, picture in enumerate(bar):
            images[place] = _fit(read_file(picture), *shape[1:3])
        images.flush()
        del images  # Windows renames no file that is mapped
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def resized(images: ImageSet, size: Size) -> ImageSet:
    """The same images at another size, by the rule of `decode`; None leaves them as they are."""
    if size is None or as_pair(size) == images.images.shape[1:3]:
        return images
    height, width = as_pair(size)
    pictures = (Image.fromarray(np.ascontiguousarray(image)) for image in images.images)
    return replace(images, images=np.stack([_fit(picture, height, width) for picture in pictures]))


def fingerprint(paths: Sequence[Path]) -> str:
    """A key for plain folders: names, lengths and times of change of all files."""
    digest = hashlib.sha256()
    for path in paths:
        status = path.stat()
        digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _fit(picture: Image.Image, height: int, width: int) -> np.ndarray:
    """Crop around the centre to the proportions of (height, width), then resize with a low-pass filter."""
    return np.asarray(ImageOps.fit(picture, (width, height), method=Image.Resampling.BICUBIC))
