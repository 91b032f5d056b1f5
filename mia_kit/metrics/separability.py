"""Can poisoned vectors be told from clean ones? A detector that is trained for it, and the area under its curve.

Zhou et al., "Defending Against Neural Network Model Inversion Attacks via Data Poisoning", show t-SNE and PCA pictures
in which the two lie in one heap. A picture is no test: that two heaps overlap in two dimensions says nothing of the
others. So a random forest is trained on vectors of both kinds and asked about others.
"""

from __future__ import annotations

import numpy as np

from mia_kit import check
from mia_kit.metrics.embedding import tsne_map
from mia_kit.metrics.intervals import Interval
from mia_kit.metrics.membership import auc
from mia_kit.metrics.poisoning import confidence_pair

TREES = 100
LEAST = 1e-22  # the decoders' own floor, exp(-50)


def separability(clean: np.ndarray, poisoned: np.ndarray, *, seed: int) -> Interval:
    """How often the detector takes a poisoned vector for more poisoned than a clean one; 0.5 is guessing.

    Pictures are dealt into four parts: clean and poisoned vectors to learn from, clean and poisoned ones to be asked
    about, so that the detector never sees two vectors of one picture. It sees entries and their logarithms, as they are
    and in order of size. The interval is a bootstrap over vectors. `clean` and `poisoned` are of one shape (n,
    classes), the vectors of the same pictures, in [0, 1], n at least 8.
    """
    from sklearn.ensemble import RandomForestClassifier

    clean, poisoned = confidence_pair(clean, poisoned, least=8, name="poisoned")
    seed = check.count("seed", seed, 0, 2**32 - 1)
    parts = np.array_split(np.random.default_rng(seed).permutation(len(clean)), 4)
    seen = np.concatenate([_shown(clean[parts[0]]), _shown(poisoned[parts[1]])])
    kinds = np.repeat([0, 1], [len(parts[0]), len(parts[1])])
    forest = RandomForestClassifier(TREES, min_samples_leaf=3, random_state=seed).fit(seen, kinds)
    asked = (poisoned[parts[3]], clean[parts[2]])
    return auc(*(forest.predict_proba(_shown(vectors))[:, 1] for vectors in asked), seed=seed)


def _shown(vectors: np.ndarray) -> np.ndarray:
    """Entries and logarithms, by class and by size: of shape (n, 4 classes)."""
    both = np.concatenate([vectors, np.log(vectors.astype(float) + LEAST)], axis=1)
    halves = np.split(both, 2, axis=1)
    return np.concatenate([both, *(np.sort(half, axis=1) for half in halves)], axis=1)


def two_views(clean: np.ndarray, poisoned: np.ndarray, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The paper's pictures: all vectors in two dimensions, by PCA and by t-SNE, each of shape (2 n, 2), clean first.

    `clean` and `poisoned` of one shape (n, classes) and in [0, 1], not all alike, n at least 16; ValueError otherwise.
    Both views see the entries as they are.
    """
    from sklearn.decomposition import PCA

    both = np.concatenate(confidence_pair(clean, poisoned, least=16, name="poisoned")).astype(float)
    close = tsne_map(both, seed=seed, perplexity=15, name="clean and poisoned vectors")
    flat: np.ndarray = PCA(2, random_state=seed).fit_transform(both)
    return flat, close
