"""What a defence of the served confidences costs, and what it keeps from a training-based attacker.

The measures of "Defending Against Neural Network Model Inversion Attacks via Data Poisoning" (Zhou et al.). Attack
accuracy is the share of `target_ranks` equal to 1, on the reconstructions of private pictures.
"""

from __future__ import annotations

import numpy as np

from mia_kit import check


def squared_errors(reconstructions: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Mean squared difference of each reconstruction and its private picture, of shape (n,).

    Both have one shape (n, channels, h, w) and one range of pixels, here [-1, 1]; in [0, 1] errors are a quarter. The
    paper does not say its range. ValueError for other shapes or pixels.
    """
    images = check.array("images", images, ("n", "channels", "h", "w"))
    reconstructions = check.array("reconstructions", reconstructions, images.shape)
    for name, pixels in (("images", images), ("reconstructions", reconstructions)):
        check.in_range(f"the greatest size of a pixel of {name}", np.abs(pixels).max(), 0, 1.001)
    return np.square(reconstructions.astype(float) - images.astype(float)).mean(axis=(1, 2, 3))


def confidence_pair(
    clean: np.ndarray, served: np.ndarray, *, least: int = 2, name: str = "served"
) -> tuple[np.ndarray, np.ndarray]:
    """Confidences of one shape (n, classes), n at least `least`, in [0, 1]; ValueError for others."""
    clean = check.array("clean", clean, ("n", "classes"))
    served = check.array(name, served, clean.shape)
    check.count("the number of pictures", len(clean), least)
    for whose, confidences in (("clean", clean), (name, served)):
        check.in_range(f"each confidence of {whose}", confidences.min(), 0)
        check.in_range(f"each confidence of {whose}", confidences.max(), 0, 1 + 1e-5)
    return clean, served
