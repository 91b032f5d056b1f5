"""Can a trainer tell which pictures a contributor has injected? Scores from features, and a detector.

The data-centric defence (Chen et al., see `mia_kit.defences.data_centric`) leaves classes that are larger and of two
parts, and the paper says that a trainer could notice. The detector is ours: the trainer embeds all pictures with a
reference network, looks at how each lies in the class of its label, and learns from classes whose injected pictures
are known what they look like in classes where they are not.
"""

from __future__ import annotations

import numpy as np

from mia_kit import check


def outlier_scores(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How far each picture lies from its class: of shape (n, 3), each number a ratio of distances, at least 0.

    0 : to the median of its class, over the class's median such distance
    1 : to the nearest other picture of its class, over the class's median such distance: near 0 for a noisy copy
    2 : to the median of its class, over that to the nearest median of another class: above 1, another class is nearer

    Medians are taken number by number. Where half of a class is injected, its median lies among the injected: which way
    a score points is the detector's to learn. `features`, (n, d), are penultimate activations of a reference network;
    `labels`, (n,), as the trainer sees them, two classes at least, each of two pictures at least.
    """
    from scipy.spatial.distance import cdist

    features = check.array("features", features, ("n", "d"))
    labels = check.places("labels", labels, length=len(features))
    classes, counts = np.unique(labels, return_counts=True)
    check.count("the number of classes", len(classes), 2)
    check.count("the number of pictures of each class", counts.min(), 2)
    middles = np.stack([np.median(features[labels == label], axis=0) for label in classes])  # (classes, d)
    to_middles = cdist(features, middles)  # (n, classes)
    check.finite("distances of features", to_middles)
    scores = np.empty((len(features), 3))
    for place, label in enumerate(classes):
        rows = labels == label
        distances = to_middles[rows, place]
        between = cdist(features[rows], features[rows])
        np.fill_diagonal(between, np.inf)
        nearest, others = between.min(axis=1), np.delete(to_middles[rows], place, axis=1).min(axis=1)
        scores[rows, 0] = _ratio(distances, np.full_like(distances, np.median(distances)))
        scores[rows, 1] = _ratio(nearest, np.full_like(nearest, np.median(nearest)))
        scores[rows, 2] = _ratio(distances, others)
    return scores


def detector_scores(
    scores: np.ndarray, injected: np.ndarray, groups: np.ndarray, *, folds: int = 5, seed: int = 0
) -> np.ndarray:
    """Log-odds of being injected, of shape (n,), by a logistic regression that was not shown the picture's class.

    Classes are dealt into folds at random, those with injected pictures and those without apart; each fold is scored by
    a regression on the others, standardised as they are, both kinds of pictures counting alike.

    `scores` are of shape (n, k), such as `outlier_scores`; `injected` bool and `groups`, the class each picture stands
    in, of shape (n,); `folds` at least 2, and at most as many as there are classes with injected pictures.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    scores = check.array("scores", scores, ("n", "k"))
    injected = check.mask("injected", injected, (len(scores),))
    groups = check.places("groups", groups, length=len(scores))
    marked = np.unique(groups[injected])
    clean = np.setdiff1d(groups, marked)
    folds = check.count("folds, up to the number of classes with injected pictures,", folds, 2, len(marked))
    random = np.random.default_rng(check.count("seed", seed, 0))
    fold_of: dict[int, int] = {}
    for kind in (marked, clean):
        fold_of |= {group: place % folds for place, group in enumerate(random.permutation(kind).tolist())}
    folded = np.array([fold_of[group] for group in groups.tolist()])
    odds = np.empty(len(scores))
    for fold in range(folds):
        shown = folded != fold
        regression = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=1000))
        regression.fit(scores[shown], injected[shown])
        odds[~shown] = regression.decision_function(scores[~shown])
    return odds


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Quotients; 1 where both are 0, as in a class whose pictures are all the same."""
    tiny = np.finfo(float).tiny
    return np.minimum((above + tiny) / (below + tiny), 1e6)
