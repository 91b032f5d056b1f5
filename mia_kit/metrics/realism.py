"""Whether generated images look like real ones as a set: Frechet distance, precision, recall, density, coverage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mia_kit import check


def frechet_distance(real: np.ndarray, generated: np.ndarray) -> float:
    """Squared Frechet distance of two normal distributions fitted to features: FID, if Inception-v3's 2048 are given.

    |m1 - m2|^2 + trace(S1 + S2 - 2 (S1 S2)^(1/2)), with sample covariances (Heusel et al., NeurIPS 2017), of finite
    features of shapes (n, d) and (m, d), at least 2 rows each. A number without an interval: its estimate is biased
    upwards with few rows, by more than a bootstrap would show, so only numbers of equally many rows may be compared.
    """
    real, generated = _features(real, generated, 2)
    gap = real.mean(axis=0) - generated.mean(axis=0)
    # The trace of the root of S1 S2 is the sum of singular values of A B^T, where S1 = A^T A and S2 = B^T B.
    first = (real - real.mean(axis=0)) / np.sqrt(len(real) - 1)
    second = (generated - generated.mean(axis=0)) / np.sqrt(len(generated) - 1)
    try:
        shared = np.linalg.svd(first @ second.T, compute_uv=False).sum()
    except np.linalg.LinAlgError:  # the products of very large features overflow
        shared = np.nan
    squared = gap @ gap + (first**2).sum() + (second**2).sum() - 2 * shared
    return max(0.0, check.number("the squared distance", squared))


@dataclass(frozen=True)
class Manifold:
    """Precision and density say how real pictures look, recall and coverage how varied they are."""

    precision: float
    recall: float
    density: float
    coverage: float


def manifold_measures(real: np.ndarray, generated: np.ndarray, *, k: int = 3) -> Manifold:
    """Precision, recall (Kynkaanniemi et al., NeurIPS 2019), density, coverage (Naeem et al., ICML 2020).

    Each sample spans a ball that reaches its `k`-th nearest neighbour of its own set. Precision: share of generated
    samples in a real ball; recall: the reverse; density: number of real balls around a generated sample, over k;
    coverage: share of real balls that hold a generated sample. `real` (n, d) and `generated` (m, d) need more than `k`
    rows each and finite features. The paper takes k = 3 and one class at a time.
    """
    from scipy.spatial.distance import cdist

    k = check.count("k", k)
    real, generated = _features(real, generated, k + 1)
    across = cdist(real, generated)  # (n, m)
    check.finite("distances of real and generated", across)
    in_real = across < _radii(real, k)[:, None]
    in_generated = across < _radii(generated, k)[None, :]
    return Manifold(
        precision=float(in_real.any(axis=0).mean()),
        recall=float(in_generated.any(axis=1).mean()),
        density=float((in_real.sum(axis=0) / k).mean()),
        coverage=float(in_real.any(axis=1).mean()),
    )


def _radii(samples: np.ndarray, k: int) -> np.ndarray:
    """Distance of each sample to its k-th nearest neighbour, itself not counted: shape (n,)."""
    from scipy.spatial.distance import cdist

    return np.partition(cdist(samples, samples), k, axis=1)[:, k]


def _features(real: np.ndarray, generated: np.ndarray, least: int) -> tuple[np.ndarray, np.ndarray]:
    """Finite float64 features of shape (n, d) and (m, d) with at least `least` rows each; ValueError for others."""
    real = check.array("real", real, ("n", "d"))
    generated = check.array("generated", generated, ("m", real.shape[1]))
    check.count("the number of rows", min(len(real), len(generated)), least)
    return real.astype(float), generated.astype(float)
