"""Outlier scores by hand, a detector that never sees the class it judges."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from mia_kit.metrics.detector import detector_scores, outlier_scores


def protected_classes(gap, *, classes=12, seed=0):
    """Half of the classes have half of their pictures `gap` away, nearer together; features, labels, injected."""
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), 20)
    injected = (np.arange(len(labels)) % 20 >= 10) & (labels < classes // 2)
    centres = 20 * random.normal(size=(classes, 6))
    features = centres[labels] + random.normal(size=(len(labels), 6)) * np.where(injected, 0.3, 1)[:, None]
    return features + gap * injected[:, None], labels, injected


def test_outlier_scores_by_hand():
    """Class 0 at 0, 1, 2, 3, 10 on a line, median 2; class 1 at 20, 20, 22, median 20."""
    features = np.array([[0.0], [1], [2], [3], [10], [20], [20], [22]])
    found = outlier_scores(features, np.array([0] * 5 + [1] * 3))
    assert found[:5, 0].tolist() == pytest.approx([2, 1, 0, 1, 8])  # the median distance is 1
    assert found[:5, 1].tolist() == pytest.approx([1, 1, 1, 1, 7])
    assert found[:5, 2].tolist() == pytest.approx([2 / 20, 1 / 19, 0, 1 / 17, 8 / 10])
    assert found[5:, 2].tolist() == pytest.approx([0, 0, 2 / 20])


def test_detector_finds_what_is_there_and_nothing_where_nothing_is():
    for gap, low, high in ((8, 0.95, 1), (None, 0.35, 0.65)):
        features, labels, injected = protected_classes(gap or 0)
        if gap is None:  # injected pictures like all others
            features = np.random.default_rng(1).normal(size=features.shape) + 9 * labels[:, None]
        odds = detector_scores(outlier_scores(features, labels), injected, labels)
        assert low <= roc_auc_score(injected, odds) <= high


def test_a_class_is_judged_by_others_alone():
    """Scores that tell apart within a class, in a direction of its own for each, help nobody else."""
    labels = np.repeat(np.arange(40), 10)
    injected = np.arange(400) % 10 < 5
    sign = np.where(np.random.default_rng(0).permutation(40) % 2, 1, -1)
    scores = (np.where(injected, 1.0, -1) * sign[labels])[:, None] * np.eye(40)[labels]
    odds = detector_scores(scores, injected, labels, folds=5)
    assert roc_auc_score(injected, odds) == pytest.approx(0.5, abs=0.01)
