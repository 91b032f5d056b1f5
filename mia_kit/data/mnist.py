"""MNIST, all 70,000 digits, 28 x 28: the idx files, plain or packed."""

from __future__ import annotations

from mia_kit.data.decoding import Size, resized
from mia_kit.data.idx import IdxPair, load_both
from mia_kit.data.image_set import ImageSet
from mia_kit.data.inventory import MNIST

# The sha256 of the unpacked files.
TRAIN = IdxPair(
    "train-images-idx3-ubyte",
    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte",
    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
)
TEST = IdxPair(
    "t10k-images-idx3-ubyte",
    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte",
    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
)
CLASSES = tuple("0123456789")


def load(size: Size = None) -> ImageSet:
    """60,000 training pictures, then 10,000 test pictures, 28 x 28 grey; `official_split` tells them apart.

    Raises DataError if a file is absent or damaged.
    """
    return resized(load_both(MNIST, TRAIN, TEST, class_names=CLASSES, card="mnist"), size)
