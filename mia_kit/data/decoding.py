"""Photographs to arrays: decoded once at the asked size, kept in the cache as one .npy file, mapped into memory.

The name of the file is a sha256 of all that shapes its content: the source, the size, the colours and the version of
this code. A changed source or size makes a new file; a file is written beside its final name and renamed.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from mia_kit.data.folders import DataError, cache_folder
from mia_kit.data.image_set import ImageSet

# Part of every key: raise it when the pixels change.
VERSION = 1
# Fewer pictures than this are decoded without a progress bar.
SHOW_PROGRESS = 500

Size = int | tuple[int, int] | None


def as_pair(size: int | tuple[int, int]) -> tuple[int, int]:
    """The size (h, w) in pixels; one number stands for a square. Raises ValueError below 1."""
    height, width = (size, size) if isinstance(size, int) else size
    if height < 1 or width < 1:
        raise ValueError(f"size must be at least 1 pixel each way, got {size} instead")
    return height, width


def decode(paths: Sequence[Path], size: int | tuple[int, int], *, key: str, grey: bool = False) -> np.ndarray:
    """All pictures at one size, cropped around the centre to its proportions before they are resized.

    Parameters
    ----------
    paths : files in any format that Pillow reads, at least one
    size : (h, w), or one number for a square
    key : names the content of the files, such as the sha256 of their archive
    grey : one channel instead of three

    Returns
    -------
    read-only uint8 array of shape (n, h, w, 3), or (n, h, w) for grey, in [0, 255], mapped from the cache

    Raises
    ------
    DataError
        If there is no picture, or one cannot be decoded.
    """
    if not paths:
        raise DataError("there are no pictures to decode: get the data set again.")
    height, width = as_pair(size)
    shape = (len(paths), height, width) if grey else (len(paths), height, width, 3)

    def fill(images: np.ndarray) -> None:
        quiet = len(paths) < SHOW_PROGRESS
        for place, path in enumerate(tqdm(paths, desc="decoding", unit="picture", disable=quiet)):
            images[place] = _decode_one(path, height, width, grey=grey)

    return cached(shape, f"{key} {grey}", fill)


def cached(shape: tuple[int, ...], key: str, fill: Callable[[np.ndarray], None]) -> np.ndarray:
    """The uint8 array of this key, mapped read-only from the cache; `fill` writes it when it is not there yet."""
    digest = hashlib.sha256(f"{VERSION} {shape} {key}".encode()).hexdigest()
    path = cache_folder() / "decoded" / f"{digest[:32]}.npy"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=path.parent, prefix="part-", suffix=".npy")
        os.close(handle)
        try:
            array = np.lib.format.open_memmap(part, mode="w+", dtype=np.uint8, shape=shape)
            fill(array)
            array.flush()
            del array  # Windows renames no file that is mapped
            os.replace(part, path)
        finally:
            Path(part).unlink(missing_ok=True)
    images: np.ndarray = np.load(path, mmap_mode="r")
    return images


def resized(images: ImageSet, size: Size) -> ImageSet:
    """The same images at another size, by the rule of `decode`; None leaves them as they are."""
    from PIL import Image

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


def _decode_one(path: Path, height: int, width: int, *, grey: bool) -> np.ndarray:
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return _fit(picture.convert("L" if grey else "RGB"), height, width)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as problem:
        raise DataError(f"{path} cannot be decoded as a picture ({problem}): get it again or remove it.") from problem


def _fit(picture: object, height: int, width: int) -> np.ndarray:
    """Crop around the centre to the proportions of (height, width), then resize with a low-pass filter."""
    from PIL import Image, ImageOps

    assert isinstance(picture, Image.Image)
    return np.asarray(ImageOps.fit(picture, (width, height), method=Image.Resampling.BICUBIC))
