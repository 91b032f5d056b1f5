"""Ranks and distances against counting by hand and brute force."""

import numpy as np
import pytest

from mia_kit.metrics.leakage import FailedRowsWarning, person_distances, target_ranks

LOGITS = np.array([[3.0, 2, 1], [1, 2, 3], [0, 9, 1], [1, 1, 1]])


def test_target_ranks_by_hand() -> None:
    """A tie counts against the attack; a single reconstruction is enough."""
    assert target_ranks(LOGITS, np.array([0, 0, 1, 1])).tolist() == [1, 3, 1, 3]
    assert target_ranks(LOGITS[:1], np.array([2])).tolist() == [3]


def test_distances_against_brute_force() -> None:
    random = np.random.default_rng(0)
    embeddings, references = random.normal(size=(12, 5)), random.normal(size=(20, 5))
    targets, labels = np.repeat([0, 1, 2], 4), np.tile([0, 1, 2, 3], 5)
    median = []
    for embedding, target in zip(embeddings, targets, strict=True):
        away = [np.sqrt(((embedding - r) ** 2).sum()) for r in references[labels == target]]
        median.append(sorted(away)[2])
    assert np.allclose(person_distances(embeddings, targets, references, labels), median)


def test_a_row_that_is_no_number_is_a_counted_failure() -> None:
    """NaN compares false with everything: read as numbers, both rows of the first target would be hits."""
    logits = np.array([[np.nan, np.nan, np.nan], [9.0, np.nan, 0.0], [0.0, 9.0, 0.0], [0.0, np.inf, 0.0]])
    targets = np.array([0, 0, 1, 1])
    with pytest.warns(FailedRowsWarning, match="3 of 4 rows of logits"):
        assert target_ranks(logits, targets).tolist() == [3, 3, 1, 3]
    for broken in (np.full((4, 3), np.nan), np.full((4, 3), np.inf)):
        with pytest.raises(ValueError, match="finite in one row at least"):
            target_ranks(broken, targets)
    impossible = np.array([[0.0, -np.inf, -np.inf], [-np.inf, 0.0, 1.0]])
    assert target_ranks(impossible, np.array([0, 0])).tolist() == [1, 3]


def test_a_picture_without_embedding_is_near_to_nobody() -> None:
    embeddings, references = np.array([[0.0], [np.nan], [5.0]]), np.array([[0.0], [5.0]])
    with pytest.warns(FailedRowsWarning, match="1 of 3 rows"):
        distances = person_distances(embeddings, np.array([0, 0, 1]), references, np.array([0, 1]))
    assert distances.tolist() == [0, np.inf, 0]
    with pytest.raises(ValueError, match="references must be finite"):
        person_distances(references, np.array([0, 1]), np.array([[0.0], [np.nan]]), np.array([0, 1]))
