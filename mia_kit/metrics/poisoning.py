"""What a defence of the served confidences costs, and what it keeps from a training-based attacker.

The measures of "Defending Against Neural Network Model Inversion Attacks via Data Poisoning" (Zhou et al.). Attack
accuracy is `mia_kit.metrics.attack_accuracy`, on the reconstructions of private pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mia_kit.metrics.intervals import Interval, mean_interval


def accuracy_loss(clean: np.ndarray, served: np.ndarray, labels: np.ndarray) -> Interval:
    """Accuracy of the clean confidences less that of the served ones, in [-1, 1], over pictures.

    `clean` and `served` have the shape (n, classes), `labels` (n,), n at least 2. The two answers to a picture are
    compared, so that a defence that changes no label loses exactly 0. ValueError for other shapes.
    """
    _check_pair(clean, served)
    if labels.shape != clean.shape[:1]:
        raise ValueError(f"labels must have the shape ({len(clean)},), got {labels.shape} instead")
    right = clean.argmax(axis=1) == labels
    still_right = served.argmax(axis=1) == labels
    return mean_interval(right.astype(float) - still_right.astype(float))


def confidence_distortion(clean: np.ndarray, served: np.ndarray) -> Interval:
    """Mean Euclidean distance of the served vectors from the clean ones, over pictures, in [0, sqrt(2)].

    Both have the shape (n, classes), n at least 2; ValueError otherwise. Among `classes` classes, none that keeps the
    label can pass sqrt(1 - 1 / classes), the distance from one-hot to uniform.
    """
    _check_pair(clean, served)
    return mean_interval(np.linalg.norm(clean.astype(float) - served.astype(float), axis=1))


def squared_errors(reconstructions: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Mean squared difference of each reconstruction and its private picture, of shape (n,).

    Both have one shape (n, channels, h, w) and one range of pixels, here [-1, 1]; in [0, 1] errors are a quarter. The
    paper does not say its range. ValueError for other shapes.
    """
    if reconstructions.shape != images.shape or images.ndim != 4 or not len(images):
        raise ValueError(
            "reconstructions and images must have one shape (n, channels, h, w) with n at least 1, "
            f"got {reconstructions.shape} and {images.shape} instead"
        )
    errors: np.ndarray = np.square(reconstructions.astype(float) - images.astype(float)).mean(axis=(1, 2, 3))
    return errors


def reconstruction_error(reconstructions: np.ndarray, images: np.ndarray) -> Interval:
    """Mean of `squared_errors` over at least 2 pictures: the least gamma of the paper's gamma-inversion."""
    return mean_interval(squared_errors(reconstructions, images))


@dataclass(frozen=True, eq=False)
class PrivacyCurve:
    """Share of pictures whose reconstruction errs by at least epsilon, 1 - eta, over epsilon; each of shape (k,)."""

    epsilons: np.ndarray
    shares: np.ndarray


def privacy_curve(errors: np.ndarray, epsilons: np.ndarray) -> PrivacyCurve:
    """The (epsilon, eta) curve: a defence is (epsilon, eta) where Pr[error >= epsilon] >= 1 - eta.

    `errors` has the shape (n,), n at least 1, see `squared_errors`; `epsilons` the shape (k,). ValueError otherwise.
    """
    if errors.ndim != 1 or epsilons.ndim != 1 or not len(errors):
        raise ValueError(
            "errors must have the shape (n,) with n at least 1 and epsilons the shape (k,), "
            f"got {errors.shape} and {epsilons.shape} instead"
        )
    below = np.searchsorted(np.sort(errors), epsilons, side="left")  # (k,), errors less than each epsilon
    return PrivacyCurve(epsilons, 1 - below / len(errors))


def _check_pair(clean: np.ndarray, served: np.ndarray) -> None:
    if clean.shape != served.shape or clean.ndim != 2 or len(clean) < 2:
        raise ValueError(
            "clean and served confidences must have one shape (n, classes) with n at least 2, "
            f"got {clean.shape} and {served.shape} instead"
        )
