"""The pictures of an audit: those that the classifier was trained on, and unseen ones of the same classes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from mia_kit.audit import config
from mia_kit.data.folders import DataError
from mia_kit.data.image_folder import class_folders, read_classes
from mia_kit.data.pictures import to_floats
from mia_kit.terminal import printable

LEAST = 10  # pictures of a side after matching


@dataclass(frozen=True, eq=False)
class Side:
    """uint8 pictures of shape (n, channels, h, w), and the classifier's class of each, int64 of shape (n,)."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def of(self, places: Tensor) -> Side:
        """Those at some places, or where a mask is True."""
        return Side(self.images[places], self.labels[places])

    @property
    def floats(self) -> Tensor:
        """The pictures in [-1, 1]."""
        return to_floats(self.images)

    @cached_property
    def digests(self) -> list[bytes]:
        """What each picture's pixels are known by."""
        return [hashlib.sha256(image.numpy().tobytes()).digest() for image in self.images]


@dataclass(frozen=True, eq=False)
class Pictures:
    """Both sides, the names of the classes, and how many unseen pictures were left out as training pictures."""

    train: Side
    unseen: Side
    class_names: tuple[str, ...]
    doubles: int

    @property
    def shared(self) -> Tensor:
        """Classes of which there are two pictures at least on either side: int64, ascending."""
        counts = [torch.bincount(side.labels, minlength=len(self.class_names)) for side in (self.train, self.unseen)]
        return torch.nonzero(torch.stack(counts).amin(dim=0) >= 2).flatten()

    def matched(self, seed: int) -> tuple[Side, Side]:
        """As many pictures of each class on either side, so that no attack gains by telling classes apart."""
        generator = torch.Generator().manual_seed(seed)
        places: list[tuple[Tensor, ...]] = []
        for label in self.shared:
            both = [torch.nonzero(side.labels == label).flatten() for side in (self.train, self.unseen)]
            count = min(map(len, both))
            places.append(tuple(side[torch.randperm(len(side), generator=generator)[:count]] for side in both))
        train, unseen = (torch.cat(side) for side in zip(*places, strict=True))
        return self.train.of(train), self.unseen.of(unseen)

    @property
    def digest(self) -> str:
        """What all of it is known by."""
        content = hashlib.sha256(repr(self.class_names).encode())
        for side in (self.train, self.unseen):
            content.update(b"".join(side.digests) + side.labels.numpy().tobytes())
        return content.hexdigest()


def read(settings: config.Pictures, *, seed: int, progress: bool) -> Pictures:
    """Both sides. DataError, in one sentence, for a wrong folder or picture, or too few that can be compared."""
    files = {side: class_folders(Path(path)) for side, path in (("train", settings.train), ("unseen", settings.unseen))}
    names = settings.class_names or tuple(files["train"])
    for side, folders in files.items():
        if strangers := [name for name in folders if name not in names]:
            raise DataError(
                f"pictures.{side} holds a folder {printable(strangers[0], 60)!r}, which is none of the {len(names)} "
                "classes: remove it, or list all in pictures.class_names."
            )
    sides = []
    for folders in files.values():
        images, labels = read_classes(
            folders,
            names,
            size=settings.shape,
            grey=settings.colours == 1,
            stretch=settings.fit == "stretch",
            most=settings.most,
            seed=seed,
            progress=progress,
        )
        sides.append(Side(torch.from_numpy(images), torch.from_numpy(labels)))
    train, unseen = sides
    known = set(train.digests)
    new = torch.tensor([digest not in known for digest in unseen.digests])
    pictures = Pictures(train, unseen.of(new), names, int((~new).sum()))
    if len(pictures.shared) < 2 or len(pictures.matched(seed)[0]) < LEAST:
        raise DataError(
            f"an audit needs two classes with two pictures on either side, and {LEAST} a side in all: got "
            f"{len(pictures.shared)} such classes; {pictures.doubles} of {len(new)} unseen pictures are training ones."
        )
    return pictures
