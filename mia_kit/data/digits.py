"""The 8 x 8 digits that come with scikit-learn: 1,797 pictures, 10 classes."""

from __future__ import annotations

import numpy as np

from mia_kit.data.image_set import DataCard, ImageSet


def load() -> ImageSet:
    """All digits, with scikit-learn's 17 grey levels (0 to 16) stretched to 0 to 255."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.rint(bunch.images * (255 / 16)).astype(np.uint8)
    return ImageSet(images, bunch.target.astype(np.int64), tuple("0123456789"), DataCard.read("digits"))
