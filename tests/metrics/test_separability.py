"""The detector of poisoned vectors: it finds what can be found, guesses where there is nothing, and never peeks."""

import numpy as np
import pytest

from mia_kit.metrics import mean_interval, squared_errors
from mia_kit.metrics.separability import separability, two_views


def test_errors_by_hand() -> None:
    made = np.stack([np.full((1, 2, 2), shade) for shade in (0.0, 0.5, -1.0, 1.0)])
    assert squared_errors(made, np.zeros((4, 1, 2, 2))).tolist() == [0, 0.25, 1, 1]


def confident(n: int, seed: int) -> np.ndarray:
    logits = np.random.default_rng(seed).normal(scale=6, size=(n, 5))
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def test_vectors_of_one_kind_are_not_separable() -> None:
    """The same vectors twice: who had seen a picture's clean vector could tell, who has not must guess."""
    vectors = confident(400, 0)
    areas = [separability(vectors, vectors, seed=seed).value for seed in range(4)]
    assert abs(mean_interval(areas).value - 0.5) < 0.06


def test_a_lifted_floor_is_seen_by_its_logarithm() -> None:
    """A distance of 0.001 that no eye sees in the entries: all small ones are as large as each other."""
    vectors = confident(400, 0)
    lifted = vectors + 0.0004
    lifted /= lifted.sum(axis=1, keepdims=True)
    assert np.linalg.norm(lifted - vectors, axis=1).max() < 0.002
    found = separability(vectors, lifted, seed=0)
    assert found.value > 0.95 and found.low > 0.9


def test_vectors_that_are_all_alike_have_no_views() -> None:
    """A service that answers everybody the same: its map would end the process."""
    alike = np.full((20, 5), 0.2)
    with pytest.raises(ValueError, match="must differ, got 40 rows all alike"):
        two_views(alike, alike, seed=0)
    flat, close = two_views(confident(20, 0), alike, seed=0)
    assert np.isfinite(flat).all() and np.isfinite(close).all()
    assert separability(alike, alike, seed=0).value == 0.5
