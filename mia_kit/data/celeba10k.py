"""CelebA 000001 to 010000, aligned, 89 x 109, without the people of `celeba_id`: a public set."""

from __future__ import annotations

import numpy as np

from mia_kit.data.archives import DataFile, unpacked
from mia_kit.data.celeba_id import PEOPLE as PRIVATE_PEOPLE
from mia_kit.data.decoding import Size, decode
from mia_kit.data.folders import DataError
from mia_kit.data.image_set import DataCard, ImageSet
from mia_kit.data.lists import read_identities
from mia_kit.data.people import pictures_in

ARCHIVE = DataFile(
    "celeba10k",
    "celeba_000001-010000_89x109.tar.xz",
    "a1a403c47ae6270baa014233c28c1818d68af8c2ff0147a3610b2f618a19d7ff",
)
IDENTITIES = DataFile(
    "celeba10k",
    "identity_000001-010000.txt",
    "6cd54c9b599f7a9d45292e44fea130dfa18937a013858601471bbb57e3b11c8e",
)
SIZE = (109, 89)


def load(size: Size = None) -> ImageSet:
    """9,706 photographs: of the 10,000, the 294 of people in `celeba_id` are left out, so that the two share nobody.

    A class is a person, named by CelebA's number. Raises DataError if a file is absent or damaged, or a photograph has
    no identity.
    """
    identities = read_identities(IDENTITIES.checked())
    folder = unpacked(ARCHIVE)
    names = [path.name for path in pictures_in(folder)]
    unknown = [name for name in names if name not in identities]
    if unknown:
        raise DataError(f"{IDENTITIES.name} says nothing about {unknown[0]}: get the data set celeba10k again.")
    public = [name for name in names if identities[name] not in PRIVATE_PEOPLE]
    people, labels = np.unique([identities[name] for name in public], return_inverse=True)
    key = f"{ARCHIVE.sha256} {IDENTITIES.sha256}"
    return ImageSet(
        decode([folder / name for name in public], size or SIZE, key=key),
        labels.astype(np.int64),
        tuple(f"{number:05}" for number in people),
        DataCard.read("celeba10k"),
        files=tuple(public),
    )
