"""Splits by person, near-duplicates."""

import numpy as np
import pytest

from mia_kit.data import DataCard, ImageSet, near_duplicate_groups
from mia_kit.data.splits import official_split, people_with, select_people


def some_images(counts: list[int], parts: tuple[str, ...] = ()) -> ImageSet:
    labels = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    images = np.arange(len(labels), dtype=np.uint8)[:, None, None]  # image i is the pixel i
    return ImageSet(images, labels, tuple(f"p{i}" for i in range(len(counts))), DataCard.read("orl"), files=parts)


def test_select_people_keeps_the_order_asked_for() -> None:
    chosen = select_people(some_images([1, 2, 1]), np.array([2, 1]))
    assert chosen.class_names == ("p2", "p1")
    assert dict(zip(chosen.images.ravel().tolist(), chosen.labels.tolist(), strict=True)) == {1: 1, 2: 1, 3: 0}


def test_select_people_complains() -> None:
    images = some_images([1, 0, 2])
    with pytest.raises(ValueError, match="the class 'p1' has no images: leave it out"):
        select_people(images, np.array([0, 1]))
    for people in ([], [0, 0], [3], [-1]):
        with pytest.raises(ValueError, match="people must"):
            select_people(images, np.array(people, dtype=int))


def test_people_with() -> None:
    assert people_with(some_images([1, 5, 3, 0]), 3).tolist() == [1, 2]


def test_official_split() -> None:
    images = some_images([2, 2], ("train/a", "test/b", "train/c", "train/d"))
    train, test = official_split(images)
    assert train.images.ravel().tolist() == [0, 2, 3]
    assert test.files == ("test/b",)
    with pytest.raises(ValueError, match="has no official split"):
        official_split(some_images([2, 2]))


def test_near_duplicates_are_chained_within_a_class() -> None:
    places = np.array([[0.0], [0.04], [0.08], [1.0], [0.0]])
    labels = np.array([0, 0, 0, 0, 1])
    assert near_duplicate_groups(places, labels).tolist() == [0, 0, 0, 3, 4]
