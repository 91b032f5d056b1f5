"""Who has which pictures: nobody has one of anybody else's, and classes are divided or another set is public."""

import msgspec
import numpy as np
import pytest
import torch

from mia_kit.data import DataCard, ImageSet
from mia_kit.studies.poisoning import pictures
from mia_kit.studies.poisoning.pictures import SidesPart, deal
from mia_kit.studies.poisoning.recipe import Data

DATA = Data(name="digits", size=16, private_classes=5, training=60, judging=50, test=40, private=20, half=30)


def shades(classes: int, each: int, *, size: int = 16) -> ImageSet:
    """Pictures with one shade and some noise for each class."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(classes), each)
    flat = 20 + labels * 200 // classes
    images = (flat[:, None, None] + random.integers(0, 30, (len(labels), size, size))).astype(np.uint8)
    return ImageSet(images, labels, tuple(map(str, range(classes))), DataCard.read("digits"))


def test_nobody_has_a_picture_of_anybody_else():
    private, public = shades(5, 30), shades(4, 20)
    sides = deal(private, public, DATA, seed=0)
    groups = [sides.training, sides.judging, sides.test]
    assert [len(group) for group in (*groups, *sides.halves)] == [60, 50, 40, 30, 30]
    seen = [{picture.numpy().tobytes() for picture in group} for group in groups]
    assert not seen[0] & seen[1] and not seen[0] & seen[2] and not seen[1] & seen[2]
    first, second = ({picture.numpy().tobytes() for picture in half} for half in sides.halves)
    assert not first & second
    assert not torch.equal(deal(private, public, DATA, seed=1).training, sides.training)
    with pytest.raises(ValueError, match="at least 160 private and 60 public pictures, got 150 and 80 instead"):
        deal(private, public, msgspec.structs.replace(DATA, test=50), seed=0)


def test_numbers_say_which_pictures_are_attacked():
    private = shades(5, 30)
    sides = deal(private, shades(4, 20), DATA, seed=3)
    torch.testing.assert_close(sides.private, private.to_tensor()[sides.numbers])
    np.testing.assert_array_equal(sides.private_labels, private.labels[sides.numbers])


def test_classes_are_divided_or_another_set_is_public(monkeypatch, maker):
    monkeypatch.setattr(pictures, "load", lambda name, size: shades(10 if name == "digits" else 3, 30))
    small = msgspec.structs.replace(DATA, training=40, judging=20, test=20, private=5, half=40)
    divided = maker(SidesPart(msgspec.structs.replace(small, private_classes=4), 0))
    assert divided.classes == 4 and int(divided.training_labels.max()) == 3
    assert float(divided.halves[0].mean()) > float(divided.training.mean())  # classes 4 to 9 are the brighter ones
    assert maker(SidesPart(msgspec.structs.replace(small, private_classes=None, public="mnist"), 0)).classes == 10
    with pytest.raises(ValueError, match="private_classes must be below 10, got 10 instead"):
        maker(SidesPart(msgspec.structs.replace(small, private_classes=10), 0))
