"""Frechet distance against closed forms, precision and its kin against loops."""

import numpy as np
import pytest

from mia_kit.metrics.realism import frechet_distance, manifold_measures


def test_frechet_distance_against_the_matrix_root() -> None:
    from scipy.linalg import sqrtm

    random = np.random.default_rng(1)
    first = random.normal(size=(60, 6)) @ random.normal(size=(6, 6))
    second = random.normal(size=(40, 6)) + 1
    one, two = np.cov(first.T), np.cov(second.T)
    gap = first.mean(axis=0) - second.mean(axis=0)
    expected = gap @ gap + np.trace(one + two - 2 * np.real(sqrtm(one @ two)))
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-6)


def test_manifold_measures_against_loops() -> None:
    random = np.random.default_rng(3)
    real, generated, k = random.normal(size=(30, 2)), random.normal(size=(25, 2)) * 0.7 + 0.5, 3

    def radius(samples: np.ndarray, place: int) -> float:
        return sorted(float(np.linalg.norm(samples[place] - other)) for other in samples)[k]

    def inside(samples: np.ndarray, point: np.ndarray) -> list[bool]:
        return [bool(np.linalg.norm(point - s) < radius(samples, i)) for i, s in enumerate(samples)]

    balls = np.array([inside(real, g) for g in generated])  # (generated, real)
    found = manifold_measures(real, generated, k=k)
    assert found.precision == balls.any(axis=1).mean()
    assert found.density == pytest.approx(balls.sum(axis=1).mean() / k)
    assert found.coverage == balls.any(axis=0).mean()
    assert found.recall == np.mean([any(inside(generated, r)) for r in real])
    assert 0 < found.recall < 1


def test_features_whose_products_overflow_are_refused() -> None:
    """Whatever the linear algebra at hand makes of them: an error of its own, or no number."""
    with pytest.raises(ValueError, match="must be finite"), np.errstate(all="ignore"):
        frechet_distance(np.array([[7.19077312e8], [0.0]]), np.array([[1e300], [0.0]]))
