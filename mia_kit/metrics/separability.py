"""What poisoning keeps from an attacker, and whether poisoned vectors can be told from clean ones.

Zhou et al., "Defending Against Neural Network Model Inversion Attacks via Data Poisoning", show t-SNE and PCA pictures
in which both kinds of vectors lie in one heap. A picture is no test: that two heaps overlap in two dimensions says
nothing of the others. So a random forest is trained on vectors of both kinds and asked about others.
"""

from __future__ import annotations

import numpy as np

from mia_kit import check
from mia_kit.metrics.embedding import tsne_map
from mia_kit.metrics.intervals import Interval
from mia_kit.metrics.membership import auc

TREES = 100
LEAST = 1e-22  # the decoders' own floor, exp(-50)


def squared_errors(reconstructions: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Mean squared difference of each reconstruction and its private picture, of shape (n,).

    Both have one shape (n, channels, h, w) and one range of pixels, here [-1, 1]; in [0, 1] errors are a quarter. The
    paper does not say its range.
    """
    images = check.array("images", images, ("n", "channels", "h", "w"))
    reconstructions = check.array("reconstructions", reconstructions, images.shape)
    for name, pixels in (("images", images), ("reconstructions", reconstructions)):
        check.in_range(f"the greatest size of a pixel of {name}", np.abs(pixels).max(), 0, 1.001)
    return np.square(reconstructions.astype(float) - images.astype(float)).mean(axis=(1, 2, 3))


def separability(clean: np.ndarray, poisoned: np.ndarray, *, seed: int) -> Interval:
    """How often the detector takes a poisoned vector for more poisoned than a clean one; 0.5 is guessing.

    Pictures are dealt into four parts: clean and poisoned vectors to learn from, clean and poisoned ones to be asked
    about, so that the detector never sees two vectors of one picture. It sees entries and their logarithms, as they are
    and in order of size. The interval is a bootstrap over vectors. `clean` and `poisoned` are of one shape (n,
    classes), the vectors of the same pictures, in [0, 1], n at least 8.
    """
    from sklearn.ensemble import RandomForestClassifier

    clean, poisoned = _pair(clean, poisoned, least=8)
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

    `clean` and `poisoned` are of one shape (n, classes) and in [0, 1], not all alike, n at least 16.
    """
    from sklearn.decomposition import PCA

    both = np.concatenate(_pair(clean, poisoned, least=16)).astype(float)
    close = tsne_map(both, seed=seed, perplexity=15, name="clean and poisoned vectors")
    flat: np.ndarray = PCA(2, random_state=seed).fit_transform(both)
    return flat, close


def _pair(clean: np.ndarray, poisoned: np.ndarray, *, least: int) -> tuple[np.ndarray, np.ndarray]:
    """Confidences of one shape (n, classes), n at least `least`, in [0, 1]."""
    clean = check.array("clean", clean, ("n", "classes"))
    poisoned = check.array("poisoned", poisoned, clean.shape)
    check.count("the number of pictures", len(clean), least)
    for whose, confidences in (("clean", clean), ("poisoned", poisoned)):
        check.in_range(f"each confidence of {whose}", confidences.min(), 0)
        check.in_range(f"each confidence of {whose}", confidences.max(), 0, 1 + 1e-5)
    return clean, poisoned
