"""What a defence of the served confidences costs, and what it keeps from a training-based attacker.

The measures of "Defending Against Neural Network Model Inversion Attacks via Data Poisoning" (Zhou et al.). Attack
accuracy is `mia_kit.metrics.attack_accuracy`, on the reconstructions of private pictures.
"""

from __future__ import annotations

import numpy as np

from mia_kit import check
from mia_kit.metrics.intervals import Interval, mean_interval


def accuracy_loss(clean: np.ndarray, served: np.ndarray, labels: np.ndarray) -> Interval:
    """Accuracy of the clean confidences less that of the served ones, in [-1, 1], over pictures.

    `clean` and `served` have the shape (n, classes), `labels` (n,), n at least 2. The two answers to a picture are
    compared, so that a defence that changes no label loses exactly 0. ValueError if a shape or number does not fit.
    """
    clean, served = confidence_pair(clean, served)
    labels = check.places("labels", labels, length=len(clean), below=clean.shape[1])
    right = clean.argmax(axis=1) == labels
    still_right = served.argmax(axis=1) == labels
    return mean_interval(right.astype(float) - still_right.astype(float))


def confidence_distortion(clean: np.ndarray, served: np.ndarray) -> Interval:
    """Mean Euclidean distance of the served vectors from the clean ones, over pictures, in [0, sqrt(2)].

    Both have the shape (n, classes), n at least 2, and entries in [0, 1]; ValueError otherwise. Among `classes`
    classes, none that keeps the label can pass sqrt(1 - 1 / classes), the distance from one-hot to uniform.
    """
    clean, served = confidence_pair(clean, served)
    return mean_interval(np.linalg.norm(clean.astype(float) - served.astype(float), axis=1))


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


def reconstruction_error(reconstructions: np.ndarray, images: np.ndarray) -> Interval:
    """Mean of `squared_errors` over at least 2 pictures: an estimate of the gamma of the paper's gamma-inversion.

    It says what one attack reached on these pictures. It is no bound: a better attack has a smaller error.
    """
    return mean_interval(squared_errors(reconstructions, images))


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
