"""Whether a classifier's confidence is the share it gets right."""

from __future__ import annotations

import numpy as np

from mia_kit import check
from mia_kit.metrics.intervals import Interval


def calibration_error(
    confidences: np.ndarray, labels: np.ndarray, *, bins: int = 15, seed: int = 0, resamples: int = 1000
) -> Interval:
    """Expected calibration error (Guo et al., ICML 2017): mean over bins of |accuracy - confidence|.

    confidences : of shape (n, classes), rows sum to 1
    labels : integers of shape (n,), in [0, classes)
    bins : at least 1, equally wide bins of the greatest confidence, closed on the right, weighted by the images in them
    seed, resamples : of the percentile bootstrap over images. The measure is biased upwards with few images, its
        bootstrap more so: the lower end may lie above the value

    Raises ValueError if a shape does not fit or a confidence or a label is out of range.
    """
    confidences = check.array("confidences", confidences, ("n", "classes"))
    labels = check.places("labels", labels, length=len(confidences), below=confidences.shape[1])
    bins = check.count("bins", bins, most=10**6)
    if confidences.min() < 0 or not np.allclose(confidences.sum(axis=1, dtype=float), 1, atol=1e-3):
        raise ValueError(
            f"confidences must lie in [0, 1] and rows sum to 1, got {confidences.min():.3g} to "
            f"{confidences.max():.3g} instead: take the softmax first"
        )
    surplus = confidences.max(axis=1) - (confidences.argmax(axis=1) == labels)  # (n,)
    bin_of = np.clip(np.ceil(confidences.max(axis=1) * bins).astype(int) - 1, 0, bins - 1)
    random = np.random.default_rng(check.count("seed", seed, 0))
    draws = (
        random.integers(len(labels), size=len(labels)) for _ in range(check.count("resamples", resamples, most=10**6))
    )
    errors = [_error(surplus[draw], bin_of[draw], bins) for draw in draws]
    low, high = np.quantile(errors, [0.025, 0.975])
    return Interval(_error(surplus, bin_of, bins), float(low), float(high))


def _error(surplus: np.ndarray, bin_of: np.ndarray, bins: int) -> float:
    return float(np.abs(np.bincount(bin_of, weights=surplus, minlength=bins)).sum() / len(surplus))
