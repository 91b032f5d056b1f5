"""Photographs for runs at full size: tens of thousands, left on the disk and read a batch at a time.

Each person's photographs are put in a random order that the seed chooses, and each has a place in it, from 0 up to 1.
A recipe gives the target and the evaluator a span of places each. The paper's is [0, 0.9] for both (Struppek et al.,
ICLR 2024); where photographs allow, spans that do not touch make a fairer judge.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mia_kit.data import ImageSet, cache_folder, data_folders, load
from mia_kit.data.aligned import FRAMES, load_aligned
from mia_kit.data.facescrub import PATTERN, write_layout
from mia_kit.data.people import read_people
from mia_kit.experiments.face_people import shuffled_members

# ORL's files as FaceScrub's are: for rehearsals, on any computer.
REHEARSAL = "orl_as_facescrub"


@dataclass(frozen=True, eq=False)
class Album:
    """Photographs of people, by number.

    pixels : uint8 array of shape (N, h, w, 3), or (N, h, w) for grey, mapped from the disk
    rows : int64 Tensor of shape (n,), where in `pixels` each photograph lies
    labels : int64 Tensor of shape (n,), in [0, people)
    places : float Tensor of shape (n,), in [0, 1), the place of each photograph among those of its person
    class_names : one for each person
    digest : sha256 of the photographs and whom they show
    """

    pixels: np.ndarray
    rows: Tensor
    labels: Tensor
    places: Tensor
    class_names: tuple[str, ...]
    digest: str

    @property
    def size(self) -> int:
        """Height and width in pixels."""
        return int(self.pixels.shape[1])

    def span(self, ends: Sequence[float]) -> Tensor:
        """Photographs whose place lies in [first, last): a bool Tensor of shape (n,).

        ValueError unless 0 <= first < last <= 1, or if a person has none there.
        """
        first, last = ends
        if not 0 <= first < last <= 1:
            raise ValueError(f"a span must be two rising numbers in [0, 1], got {first} and {last} instead")
        chosen = (self.places >= first) & (self.places < last)
        counts = torch.bincount(self.labels[chosen], minlength=len(self.class_names))
        if counts.min() == 0:
            raise ValueError(
                f"everybody needs a photograph in the span from {first} to {last}, got none of "
                f"{self.class_names[int(counts.argmin())]!r}: choose a wider span, or people with more photographs"
            )
        return chosen

    def take(self, numbers: Tensor) -> Tensor:
        """These photographs: uint8 of shape (m, 3, h, w), grey in all three colours."""
        pictures = torch.from_numpy(np.array(self.pixels[self.rows[numbers].numpy()]))
        if pictures.ndim == 3:
            return pictures.unsqueeze(1).expand(-1, 3, -1, -1)
        return pictures.permute(0, 3, 1, 2)


def load_album(name: str, *, size: int, least: int, seed: int) -> Album:
    """All people of a data set who have at least `least` photographs, each of size x size pixels.

    A set with a frame in `mia_kit.data.aligned` is cut to it. Raises ValueError if fewer than two people have so many,
    DataError as `mia_kit.data.load`.
    """
    faces, digest = _faces(name, size, data_folders())
    people, members = shuffled_members(faces, least=least, seed=seed)
    return Album(
        faces.images,
        torch.from_numpy(np.concatenate(members)),
        torch.arange(len(people)).repeat_interleave(torch.tensor([len(own) for own in members])),
        torch.cat([torch.arange(len(own)) / len(own) for own in members]),
        tuple(faces.class_names[person] for person in people),
        digest,
    )


@lru_cache(maxsize=1)
def _faces(name: str, size: int, folders: tuple[Path, ...]) -> tuple[ImageSet, str]:
    """The set and its sha256, once in a process; `folders` are where data are looked for."""
    if name == REHEARSAL:
        root = cache_folder() / REHEARSAL
        write_layout(load("orl"), root)
        faces = read_people(root, "orl", size=size, pattern=PATTERN)
    else:
        faces = load_aligned(name, size) if name in FRAMES else load(name, size=size)
    digest = hashlib.sha256(f"{faces.images.shape} {faces.class_names}".encode())
    for part in (faces.labels, *faces.images):
        digest.update(np.ascontiguousarray(part).data)
    return faces, digest.hexdigest()
