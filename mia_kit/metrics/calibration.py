"""Whether a classifier's confidence is the share it gets right."""

from __future__ import annotations

import numpy as np

from mia_kit import check

BINS = 15


def calibration_error(confidences: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error (Guo et al., ICML 2017): mean over bins of |accuracy - confidence|.

    `confidences` are of shape (n, classes), rows sum to 1; `labels` (n,), in [0, classes). The 15 bins of the greatest
    confidence are equally wide, closed on the right, weighted by the images in them. Biased upwards with few images.
    """
    confidences = check.array("confidences", confidences, ("n", "classes"))
    labels = check.places("labels", labels, length=len(confidences), below=confidences.shape[1])
    if confidences.min() < 0 or not np.allclose(confidences.sum(axis=1, dtype=float), 1, atol=1e-3):
        raise ValueError(
            f"confidences must lie in [0, 1] and rows sum to 1, got {confidences.min():.3g} to "
            f"{confidences.max():.3g} instead: take the softmax first"
        )
    surplus = confidences.max(axis=1) - (confidences.argmax(axis=1) == labels)  # (n,)
    bin_of = np.clip(np.ceil(confidences.max(axis=1) * BINS).astype(int) - 1, 0, BINS - 1)
    return float(np.abs(np.bincount(bin_of, weights=surplus, minlength=BINS)).sum() / len(surplus))
