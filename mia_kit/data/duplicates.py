"""Near-duplicates: photographs of one moment, which must not stand on both sides of a split."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mia_kit import check
from mia_kit.signatures import checked

# Distance in the 128-d face embedding below which two photographs of one person are the same moment.
NEAR = 0.05
ROWS = 256


@checked
def near_duplicate_groups(embeddings: np.ndarray, labels: np.ndarray, *, distance: float = NEAR) -> np.ndarray:
    """Group the samples of a class that a chain of near ones connects, by embeddings (n, d) and labels (n,).

    `distance` is the greatest Euclidean distance of two neighbours in a chain. Returns int64 of shape (n,): the place
    of the first sample of the group, so a sample without duplicates has its own.
    """
    check.array("embeddings", embeddings, ("n", "d"))
    check.in_range("distance", distance, 0)
    check.array("labels", labels, (len(embeddings),))
    groups = np.arange(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        for first, other in _near_pairs(embeddings[members], distance):
            low, high = sorted((groups[members[first]], groups[members[other]]))
            groups[groups == high] = low
    return groups


def _near_pairs(embeddings: np.ndarray, distance: float) -> Iterator[tuple[int, int]]:
    """Pairs of rows nearer to each other than `distance`, the first before the second; few distances are in memory."""
    from scipy.spatial.distance import cdist

    for begin in range(0, len(embeddings), ROWS):
        near = cdist(embeddings[begin : begin + ROWS], embeddings) < distance  # (rows, n)
        for first, other in zip(*np.nonzero(np.triu(near, k=begin + 1)), strict=True):
            yield begin + first, other
