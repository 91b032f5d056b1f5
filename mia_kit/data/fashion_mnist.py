"""Fashion-MNIST, all 70,000 pictures of clothes, 28 x 28: the idx files, plain or packed.

Debian and Ubuntu carry them in the package dataset-fashion-mnist.
"""

from __future__ import annotations

from mia_kit.data.decoding import Size, resized
from mia_kit.data.idx import IdxPair, load_both
from mia_kit.data.image_set import ImageSet
from mia_kit.data.inventory import FASHION_MNIST

# The sha256 of the unpacked files.
TRAIN = IdxPair(
    "train-images-idx3-ubyte",
    "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte",
    "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
)
TEST = IdxPair(
    "t10k-images-idx3-ubyte",
    "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte",
    "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
)
CLASSES = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "trainer", "bag", "ankle boot")


def load(size: Size = None) -> ImageSet:
    """60,000 training pictures, then 10,000 test pictures, 28 x 28 grey; `official_split` tells them apart.

    Raises DataError if a file is absent or damaged.
    """
    return resized(load_both(FASHION_MNIST, TRAIN, TEST, class_names=CLASSES, card="fashion_mnist"), size)
