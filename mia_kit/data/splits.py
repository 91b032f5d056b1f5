"""Who is private and who is public: splits by person, and the official splits into training and test pictures."""

from __future__ import annotations

import numpy as np

from mia_kit import check
from mia_kit.data.image_set import ImageSet
from mia_kit.signatures import checked


@checked
def select_people(images: ImageSet, people: np.ndarray) -> ImageSet:
    """The images of the classes in `people`, which become the classes 0, 1, ... in the order given."""
    classes = len(images.class_names)
    if len(np.unique(check.places("people", people, below=classes))) != len(people):
        raise ValueError(f"people must be different classes, got {people} instead")
    new_label = np.full(classes, -1, dtype=np.int64)
    new_label[people] = np.arange(len(people))
    subset = images.subset(new_label[images.labels] >= 0)
    empty = np.setdiff1d(people, images.labels)
    if len(empty):
        raise ValueError(f"the class {images.class_names[empty[0]]!r} has no images: leave it out")
    names = tuple(images.class_names[person] for person in people)
    return ImageSet(subset.images, new_label[subset.labels], names, images.card, files=subset.files)


@checked
def people_with(images: ImageSet, at_least: int) -> np.ndarray:
    """The classes that have `at_least` images or more, for `select_people`: ascending integers."""
    check.count("at_least", at_least, 0)
    return np.flatnonzero(np.bincount(images.labels, minlength=len(images.class_names)) >= at_least)


def official_split(images: ImageSet) -> tuple[ImageSet, ImageSet]:
    """The training and the test pictures, as their authors divided them; ValueError if they did not."""
    train = np.array([name.startswith("train/") for name in images.files], dtype=bool)
    test = np.array([name.startswith("test/") for name in images.files], dtype=bool)
    if len(train) != len(images) or not (train ^ test).all():
        raise ValueError(f"{images.card.title} has no official split: use ImageSet.split")
    return images.subset(train), images.subset(test)
