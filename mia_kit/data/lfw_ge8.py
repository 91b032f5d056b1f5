"""217 people of LFW (deep-funnelled), 8 photographs or more each, 192 x 192."""

from __future__ import annotations

from mia_kit.data.archives import DataFile, unpacked
from mia_kit.data.decoding import Size
from mia_kit.data.image_set import ImageSet
from mia_kit.data.people import read_people

ARCHIVE = DataFile(
    "lfw_ge8",
    "lfw_deepfunneled_ge8_crop192.tar.xz",
    "1f7b11765b4ed4cf03792c08886ad6e3de56edfebd31cf9b4f4b209b16fd8122",
)
SIZE = 192
# The face in a 192 x 192 photograph: 115 pixels square, centred 8 pixels below the centre of the uncropped original.
FACE = (slice(44, 159), slice(36, 151))


def load(size: Size = None) -> ImageSet:
    """All 4,822 photographs, a class named after each person. Raises DataError as `unpacked` does."""
    return read_people(unpacked(ARCHIVE), "lfw_ge8", size=size or SIZE, key=ARCHIVE.sha256)
