"""Attack accuracy, verified share and feature distance against counting by hand and brute force."""

import numpy as np
import pytest

from mia_kit.metrics.leakage import (
    FailedRowsWarning,
    attack_accuracy,
    feature_distance,
    nearest_squared,
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


def test_verified_share() -> None:
    found = verified_share(np.array([0.3, 0.7, 0.6, 0.5]), np.array([0, 0, 1, 1]), threshold=0.6)
    assert found.value == 0.5


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
    assert np.allclose(nearest_squared(features, targets, references, labels), least)
    assert np.allclose(person_distances(features, targets, references, labels), median)


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="k must be from 1 to 3, got 5"):
        attack_accuracy(np.zeros((2, 3)), np.array([0, 1]), k=5)
    with pytest.raises(ValueError, match=r"targets must have the shape \(2,\), got \(3,\)"):
        attack_accuracy(np.zeros((2, 3)), np.array([0, 1, 2]))
    for targets, sentence in (([0, 3], "got values from 0 to 3 instead"), ([-1, 0], "got values from -1 to 0 instead")):
        with pytest.raises(ValueError, match=rf"targets must lie in \[0, 3\), {sentence}"):
            attack_accuracy(np.zeros((2, 3)), np.array(targets))
    with pytest.raises(ValueError, match=r"references must have the shape \(n, 3\), got \(2, 4\)"):
        person_distances(np.zeros((2, 3)), np.array([0, 1]), np.zeros((2, 4)), np.array([0, 1]))
    with pytest.raises(ValueError, match="the target class 1 has no reference images"):
        feature_distance(np.zeros((2, 3)), np.array([0, 1]), np.zeros((1, 3)), np.array([0]))


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


def test_one_photograph_of_each_person_and_a_person_nobody_attacks() -> None:
    """Class 1 has no reconstruction, classes 0 and 2 have a single photograph: least and median distance agree."""
    references = np.array([[0.0, 0.0], [9.0, 9.0], [1.0, 0.0]])
    found = np.array([[0.0, 3.0], [1.0, 4.0]])
    arguments = (found, np.array([0, 2]), references, np.arange(3))
    assert person_distances(*arguments).tolist() == [3.0, 4.0]
    assert feature_distance(*arguments).value == 12.5
    assert attack_accuracy(np.eye(3)[[0, 2]], np.array([0, 2])).value == 1.0
