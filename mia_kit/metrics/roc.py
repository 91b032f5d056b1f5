"""The area under a receiver operating characteristic, from counts."""

from __future__ import annotations

import numpy as np


def area_under_roc(counts: np.ndarray) -> float:
    """How often one of the first kind has the higher score than one of the second; a tie is half.

    `counts` has the shape (2, scores): how many of each kind have each score, the scores ascending.
    """
    first, second = counts
    below = second.cumsum() - second / 2
    return float((first * below).sum() / (first.sum() * second.sum()))
