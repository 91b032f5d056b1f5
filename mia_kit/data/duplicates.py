"""Near-duplicates: photographs of one moment, which must not stand on both sides of a split."""

from __future__ import annotations

import numpy as np

from mia_kit import check
from mia_kit.signatures import checked

# Distance in the 128-d face embedding below which two photographs of one person are the same moment.
NEAR = 0.05


@checked
def near_duplicate_groups(embeddings: np.ndarray, labels: np.ndarray, *, distance: float = NEAR) -> np.ndarray:
    """Group the samples of a class that a chain of near ones connects, by embeddings (n, d) and labels (n,).

    `distance` is the greatest Euclidean distance of two neighbours in a chain. Returns int64 of shape (n,): the place
    of the first sample of the group, so a sample without duplicates has its own.
    """
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial.distance import cdist

    check.array("embeddings", embeddings, ("n", "d"))
    check.in_range("distance", distance, 0)
    check.array("labels", labels, (len(embeddings),))
    groups = np.arange(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        points = embeddings[members]
        _, chain = connected_components(cdist(points, points) < distance, directed=False)
        _, first = np.unique(chain, return_index=True)
        groups[members] = members[first[chain]]
    return groups
