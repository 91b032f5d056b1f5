"""Pictures of somebody else's classifier: one folder for each class, as torchvision's ImageFolder lays them out.

They stay in memory: unlike the course's own sets they are not decoded into a cache.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from tqdm.auto import tqdm

from mia_kit.data.folders import DataError
from mia_kit.data.people import LITTER, pictures_in
from mia_kit.data.reading import read_file


def class_folders(root: Path) -> dict[str, list[Path]]:
    """The picture files of each class, in alphabetical order. DataError without any class, or for an empty one."""
    folders = sorted(
        path for path in root.iterdir() if path.is_dir() and path.name[0] != "." and path.name not in LITTER
    )
    if not folders:
        raise DataError(f"{root} must hold a folder of pictures for each class, got none.")
    files = {folder.name: pictures_in(folder) for folder in folders}
    if empty := [name for name, paths in files.items() if not paths]:
        raise DataError(f"{root / empty[0]} holds no pictures: add some or remove the folder.")
    return files


def read_classes(
    files: Mapping[str, Sequence[Path]],
    names: Sequence[str],
    *,
    size: tuple[int, int],
    grey: bool = False,
    stretch: bool = False,
    most: int = 1000,
    seed: int = 0,
    progress: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """At most about `most` pictures, drawn evenly over the classes, with the filter that torchvision's Resize has.

    names : the classes in the order of the labels; each class of `files` is one of them
    size : (h, w); pictures are cut around their centre to its proportions first, or else stretched

    Returns uint8 pictures of shape (n, channels, h, w) and int64 labels of shape (n,). DataError for a file that is no
    picture.
    """
    random, each = np.random.default_rng(seed), -(-most // len(files))
    drawn = [(paths[place], names.index(name)) for name, paths in files.items()
             for place in sorted(random.permutation(len(paths))[:each])]  # fmt: skip
    bar = tqdm(drawn, desc="reading pictures", unit="picture", disable=not progress)
    pictures = np.stack([_fitted(read_file(path, grey=grey), size, stretch) for path, _ in bar])
    pictures = pictures[:, None] if grey else pictures.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(pictures), np.array([label for _, label in drawn])


def _fitted(picture: Image.Image, size: tuple[int, int], stretch: bool) -> np.ndarray:
    wanted, method = (size[1], size[0]), Image.Resampling.BILINEAR
    return np.asarray(picture.resize(wanted, method) if stretch else ImageOps.fit(picture, wanted, method=method))
