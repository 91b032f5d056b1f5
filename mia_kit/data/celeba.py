"""CelebA as torchvision keeps it: `celeba/img_align_celeba/000001.jpg` and `celeba/identity_CelebA.txt`."""

from __future__ import annotations

from collections import Counter

import numpy as np

from mia_kit.data.decoding import Size, decode, fingerprint
from mia_kit.data.folders import DataError
from mia_kit.data.image_set import DataCard, ImageSet
from mia_kit.data.inventory import CELEBA
from mia_kit.data.lists import read_identities

# The paper trains on the people with most photographs.
PEOPLE = 1000
SIZE = (218, 178)


def load(size: Size = None, *, people: int = PEOPLE) -> ImageSet:
    """The `people` with most photographs (on a tie the lower number), one class each, named by CelebA's number.

    DataError if a folder, the list or a photograph is absent or damaged, and where there are fewer people.
    """
    listing = CELEBA.path()
    root, identities = listing.parent, read_identities(listing)
    numbers = most_photographed(identities, people)
    class_of = {number: label for label, number in enumerate(numbers)}
    files = sorted((class_of[number], name) for name, number in identities.items() if number in class_of)
    paths = [root / "img_align_celeba" / name for _, name in files]
    if absent := [path for path in paths if not path.is_file()]:
        raise DataError(f"{absent[0]} is missing, though the list of identities names it: get CelebA again.")
    images = decode(paths, size or SIZE, key=fingerprint(paths))
    labels = np.array([label for label, _ in files], dtype=np.int64)
    people_names = tuple(f"{number:05}" for number in numbers)
    return ImageSet(images, labels, people_names, DataCard.read("celeba"), files=tuple(name for _, name in files))


def most_photographed(identities: dict[str, int], people: int) -> list[int]:
    """The numbers of the `people` with most photographs, ascending. DataError if there are fewer people."""
    counts = Counter(identities.values())
    if len(counts) < people:
        raise DataError(f"CelebA should hold at least {people} people, got {len(counts)} instead: get its list again.")
    return sorted(sorted(counts, key=lambda number: (-counts[number], number))[:people])
