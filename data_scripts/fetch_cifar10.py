"""Fetch CIFAR-10 (0.17 GB) with torchvision; write its pixels to `cifar10_full/` for `load("cifar10_full")`.

torchvision checks the md5 of the archive and of each part before it unpickles them. It begins anew after a break. Never
run against the real host by us.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mia_kit.data.folders import DataError, fetch_folder
from mia_kit.data.inventory import CIFAR10 as FILE
from mia_kit.terminal import script

TERMS = "CIFAR-10: free for research, no formal licence; credit A. Krizhevsky, V. Nair and G. Hinton."


def write(folder: Path, train: tuple[np.ndarray, list[int]], test: tuple[np.ndarray, list[int]]) -> Path:
    """Both parts, (uint8 pictures of shape (n, 32, 32, 3), labels), as one file, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    part, path = folder / "part.npz", folder / "cifar10.npz"
    images, labels = np.concatenate([train[0], test[0]]), np.array([*train[1], *test[1]], dtype=np.int64)
    np.savez_compressed(part, images=images, labels=labels, train=len(train[0]))
    os.replace(part, path)
    return path


def main(arguments: Sequence[str] | None = None) -> None:
    """Fetch unless it is there. DataError if the host refuses."""
    argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0]).parse_args(arguments)
    print(TERMS)
    path = FILE.find()
    if path is None:
        from torchvision.datasets import CIFAR10

        folder = fetch_folder() / "cifar10_full"
        try:
            train, test = (CIFAR10(str(folder), train=train, download=True) for train in (True, False))
        except (OSError, RuntimeError) as problem:
            raise DataError(f"CIFAR-10 cannot be fetched ({problem}): try again later.") from problem
        path = write(folder, (train.data, train.targets), (test.data, test.targets))
    print(f"{path} is there.")


if __name__ == "__main__":
    script(main)
