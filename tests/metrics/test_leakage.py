"""Attack accuracy, verified share and feature distance against counting by hand and brute force."""

import numpy as np
import pytest

from mia_kit.metrics.leakage import (
    FailedRowsWarning,
    attack_accuracy,
    feature_distance,
    person_distances,
    target_ranks,
    verified_share,
)


def test_attack_accuracy_by_hand() -> None:
    logits = np.array([[3.0, 2, 1], [1, 2, 3], [0, 9, 1], [1, 1, 1]])
    targets = np.array([0, 0, 1, 1])
    assert attack_accuracy(logits, targets).value == 0.5  # 1 of 2, and 1 of 2: a tie is no hit
    assert attack_accuracy(logits, targets, k=2).value == 0.5
    assert attack_accuracy(logits, targets, k=3).value == 1.0


def test_target_ranks_by_hand() -> None:
    """A tie counts against the attack; a single reconstruction is enough."""
    logits = np.array([[3.0, 2, 1], [1, 2, 3], [0, 9, 1], [1, 1, 1]])
    assert target_ranks(logits, np.array([0, 0, 1, 1])).tolist() == [1, 3, 1, 3]
    assert target_ranks(logits[:1], np.array([2])).tolist() == [3]
    with pytest.raises(ValueError, match="got values from 3 to 3 instead"):
        target_ranks(logits[:1], np.array([3]))


def test_targets_count_alike_and_the_interval_resamples_them() -> None:
    """One target of 90 hits, nine of one miss each: the mean over targets is 0.1, not 0.9."""
    targets = np.array([0] * 90 + list(range(1, 10)))
    logits = np.zeros((99, 10))
    logits[:90, 0] = 1
    logits[np.arange(90, 99), 0] = 1
    found = attack_accuracy(logits, targets)
    assert found.value == pytest.approx(0.1)
    assert found.low == 0.0
    assert 0.2 <= found.high <= 0.4


def test_distances_against_brute_force() -> None:
    random = np.random.default_rng(0)
    features, references = random.normal(size=(12, 5)), random.normal(size=(20, 5))
    targets, labels = np.repeat([0, 1, 2], 4), np.tile([0, 1, 2, 3], 5)
    least, median = [], []
    for feature, target in zip(features, targets, strict=True):
        own = [
            np.sqrt(((feature - r) ** 2).sum()) for r, label in zip(references, labels, strict=True) if label == target
        ]
        least.append(min(own) ** 2)
        median.append(sorted(own)[2])
    found = feature_distance(features, targets, references, labels)
    assert found.value == pytest.approx(np.mean(least))
    assert found.low < found.value < found.high
    assert np.allclose(person_distances(features, targets, references, labels), median)


def test_a_row_that_is_no_number_is_a_counted_failure() -> None:
    """NaN compares false with everything: read as numbers, both rows of the first target would be hits."""
    logits = np.array([[np.nan, np.nan, np.nan], [9.0, np.nan, 0.0], [0.0, 9.0, 0.0], [0.0, np.inf, 0.0]])
    targets = np.array([0, 0, 1, 1])
    with pytest.warns(FailedRowsWarning, match="3 of 4 rows of logits"):
        assert target_ranks(logits, targets).tolist() == [3, 3, 1, 3]
    for k, share in ((1, 0.25), (2, 0.25), (3, 0.25)):
        with pytest.warns(FailedRowsWarning):
            assert attack_accuracy(logits, targets, k=k).value == share
    for broken in (np.full((4, 3), np.nan), np.full((4, 3), np.inf)):
        with pytest.raises(ValueError, match="finite in one row at least"):
            attack_accuracy(broken, targets)
    impossible = np.array([[0.0, -np.inf, -np.inf], [-np.inf, 0.0, 1.0]])
    assert target_ranks(impossible, np.array([0, 0])).tolist() == [1, 3]


def test_a_picture_without_embedding_verifies_as_nobody() -> None:
    embeddings, references = np.array([[0.0], [np.nan], [5.0]]), np.array([[0.0], [5.0]])
    with pytest.warns(FailedRowsWarning, match="1 of 3 rows"):
        distances = person_distances(embeddings, np.array([0, 0, 1]), references, np.array([0, 1]))
    assert distances.tolist() == [0, np.inf, 0]
    assert verified_share(distances, np.array([0, 0, 1]), threshold=1.0).value == 0.75
    with pytest.warns(FailedRowsWarning), pytest.raises(ValueError, match="finite"):
        feature_distance(embeddings, np.array([0, 0, 1]), references, np.array([0, 1]))
    with pytest.raises(ValueError, match="references must be finite"):
        person_distances(references, np.array([0, 1]), np.array([[0.0], [np.nan]]), np.array([0, 1]))


@pytest.mark.parametrize("distances", [[0.1, np.nan], [0.1, -0.2]])
def test_a_distance_that_is_none_is_not_protection(distances) -> None:
    targets, wrong = np.array([0, 1]), np.array(distances)
    with pytest.raises(ValueError, match="numbers of at least 0, got 1 of 2"):
        verified_share(wrong, targets, threshold=1.0)
    for threshold in (np.nan, np.inf, 0.0):
        with pytest.raises(ValueError, match="threshold must"):
            verified_share(np.zeros(2), targets, threshold=threshold)
