"""How classes lie in the last hidden layer: scaled distances, and t-SNE maps that morph from factor to factor.

Follows figures 4 and 5 of Struppek, Hintersdorf and Kersting, "Be Careful What You Smooth For" (ICLR 2024). Distances
are divided by the greatest one in the same set of samples, so that classifiers whose activations differ in size can be
compared. The paper embeds each factor on its own; here each map starts from its neighbour's, so that a slider morphs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mia_kit import check


@dataclass(frozen=True, eq=False)
class ScaledDistances:
    """Four distances for each sample, in [0, 1]: each an array of shape (n,).

    mean_within : mean distance to the other samples of its class
    mean_between : mean distance to the samples of all other classes
    nearest_within : distance to the nearest other sample of its class
    nearest_between : distance to the nearest sample of another class
    """

    mean_within: np.ndarray
    mean_between: np.ndarray
    nearest_within: np.ndarray
    nearest_between: np.ndarray

    @property
    def mean_ratio(self) -> float:
        """Mean distance within classes over mean distance between them: 0 is tight, 1 is mixed."""
        between = check.in_range("the mean distance between", self.mean_between.mean(), 0, open_ends="low")
        return float(self.mean_within.mean()) / between


def scaled_distances(features: np.ndarray, labels: np.ndarray) -> ScaledDistances:
    """Euclidean distances within and between classes, divided by the greatest distance of all; figure 5 of the paper.

    `features`, (n, d), are any real numbers, not all equal; `labels`, (n,), of two classes at least, each of two
    samples. n x n distances are held in memory.
    """
    from scipy.spatial.distance import cdist

    features = check.array("features", features, ("n", "d"))
    labels = check.places("labels", labels, length=len(features))
    classes, counts = np.unique(labels, return_counts=True)
    check.count("the number of classes", len(classes), 2)
    check.count("the number of samples of each class", counts.min(), 2)
    distances = cdist(features, features)  # (n, n)
    distances /= check.in_range("the greatest distance", distances.max(), 0, open_ends="low")
    between = labels[:, None] != labels[None, :]
    within = ~between & ~np.eye(len(labels), dtype=bool)
    return ScaledDistances(
        mean_within=distances.mean(axis=1, where=within),
        mean_between=distances.mean(axis=1, where=between),
        nearest_within=distances.min(axis=1, where=within, initial=1.0),
        nearest_between=distances.min(axis=1, where=between, initial=1.0),
    )


def morphing_tsne(
    features: Mapping[float, np.ndarray], *, seed: int, perplexity: float = 15.0, iterations: int = 500
) -> dict[float, np.ndarray]:
    """A t-SNE map for each smoothing factor, started from that of its neighbour nearer to 0; figure 4 of the paper.

    The walk begins at the factor nearest to 0, which starts from principal components, and goes outwards both ways.

    features : factor -> array of shape (n, d), the same samples in the same order for every factor
    perplexity : about how many neighbours a sample keeps, in (0, n)
    iterations : steps of gradient descent for each factor, at least 250, which scikit-learn asks for

    Returns factor -> float array of shape (n, 2), centred, the farthest sample at distance 1; factors ascend.
    ValueError also if the features of a factor are not finite or all alike, as a model whose loss ran away makes them.
    """
    check.kind("features", features, Mapping, "a mapping from factor to array")
    factors = sorted(features, key=lambda factor: check.number("each factor", factor))
    if len({len(features[factor]) for factor in factors}) != 1:
        counts = [len(features[factor]) for factor in factors]
        raise ValueError(f"every factor needs the same samples, at least one factor; got {counts} samples instead")
    middle = min(range(len(factors)), key=lambda place: abs(factors[place]))
    maps: dict[float, np.ndarray] = {}
    for walk in (range(middle, len(factors)), range(middle - 1, -1, -1)):
        start = maps.get(factors[middle])
        for place in walk:
            name = f"the features of the factor {factors[place]:g}"
            start = tsne_map(
                features[factors[place]], start, seed=seed, perplexity=perplexity, iterations=iterations, name=name
            )
            maps[factors[place]] = start
    return {factor: _fit_circle(maps[factor]) for factor in factors}


def tsne_map(
    features: np.ndarray,
    start: np.ndarray | None = None,
    *,
    seed: int,
    perplexity: float,
    iterations: int = 1000,
    name: str = "features",
) -> np.ndarray:
    """A t-SNE map of shape (n, 2) of features (n, d), from principal components or another map of the samples.

    scikit-learn ends the process where a start is not finite, as principal components of equal rows are: here that is
    a ValueError.
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    features = check.array(name, features, ("n", "d"))
    check.count("the number of samples", len(features), 3)
    check.in_range("perplexity, below the number of samples,", perplexity, 0, len(features), open_ends="both")
    seed, iterations = check.count("seed", seed, 0, 2**32 - 1), check.count("iterations", iterations, 250, 10**6)
    if (features == features[0]).all():
        raise ValueError(f"{name} must differ, got {len(features)} rows all alike instead: did the loss run away?")
    # Only the first map has the exaggerated phase: it would deal the clusters of a good start out anew.
    init, exaggeration = (_principal(features, seed), 12.0) if start is None else (start.copy(), 1.0)
    check.finite(f"the start of the map of {name}", init)
    tsne = TSNE(
        perplexity=perplexity,
        init=init,
        early_exaggeration=exaggeration,
        random_state=seed,
        max_iter=iterations,
        n_jobs=1,
    )
    with threadpool_limits(1):  # a second thread gains nothing, and beside another program takes ten times as long
        points: np.ndarray = tsne.fit_transform(features)
    check.finite(f"the map of {name}", points)
    return points


def _principal(features: np.ndarray, seed: int) -> np.ndarray:
    """Two principal components as scikit-learn's t-SNE scales them, of shape (n, 2)."""
    from sklearn.decomposition import PCA

    wide = features if features.shape[1] > 1 else np.pad(features, ((0, 0), (0, 1)))
    with np.errstate(all="ignore"):
        points = PCA(2, random_state=seed).fit_transform(wide).astype(np.float32)
        scaled: np.ndarray = points / np.std(points[:, 0]) * 1e-4
    return scaled


def _fit_circle(points: np.ndarray) -> np.ndarray:
    """Centre a map and scale it into the unit circle: t-SNE's own units differ from run to run."""
    centred = points - points.mean(axis=0)
    return centred / check.in_range("the radius of a map", np.linalg.norm(centred, axis=1).max(), 0, open_ends="low")
