"""How much of a person a reconstruction shows: the rank among classes or people, and distances to photographs.

A row that holds NaN or infinity is a counted failure of the attack, see `mia_kit.metrics`: last rank, infinite
distance.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from mia_kit import check


class FailedRowsWarning(UserWarning):
    """Some reconstructions cannot be judged, and count as failures of the attack."""


def target_ranks(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """How many classes the evaluator finds at least as likely as the target, itself included: shape (m,), 1 is a hit.

    `logits`, (m, classes), are an independent evaluator's; minus infinity is an impossible class. Ties count against
    the attack. A row with NaN or plus infinity failed, and has the last rank; ValueError if every row did. An evaluator
    calls many a picture the person though people do not: judge by a face embedding beside it.
    """
    logits = check.array("logits", logits, ("m", "classes"), finite=False)
    targets = check.places("targets", targets, length=len(logits), below=logits.shape[1])
    failed = _failed("logits", ~(logits < np.inf))
    at_least_as_likely = (logits >= logits[np.arange(len(targets)), targets][:, None]).sum(axis=1)
    return np.where(failed, logits.shape[1], at_least_as_likely)


def _failed(name: str, not_numbers: np.ndarray) -> np.ndarray:
    """Which rows of (m, d) hold what is not a number: bool of shape (m,), said aloud. ValueError if all do."""
    failed = np.asarray(not_numbers.any(axis=1))
    if failed.all():
        raise ValueError(f"{name} must be finite in one row at least, got {len(failed)} rows of which none is instead")
    if failed.any():
        warnings.warn(
            f"{failed.sum()} of {len(failed)} rows of {name} are not finite: they count as failures of the attack",
            FailedRowsWarning,
            stacklevel=3,
        )
    return failed


def centre_ranks(embeddings: np.ndarray, targets: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The rank of each target's centre among all centres, of shape (people, d), by nearness: shape (n,); 1 is best."""
    from scipy.spatial.distance import cdist

    return target_ranks(-cdist(embeddings, centres), targets)


def person_distances(
    embeddings: np.ndarray, targets: np.ndarray, references: np.ndarray, reference_labels: np.ndarray
) -> np.ndarray:
    """Median distance of each reconstruction to the photographs of its target: shape (m,).

    `embeddings` (m, d) are compared with `references` (n, d) of the same class. The median, as one chance likeness does
    not make a person. Infinite for a failed row. To compare with strangers, hand over other people's photographs under
    the targets' labels.
    """
    return _by_target(embeddings, targets, references, reference_labels, np.median)


def nearest_squared(
    features: np.ndarray, targets: np.ndarray, references: np.ndarray, reference_labels: np.ndarray
) -> np.ndarray:
    """The paper's delta before its mean: the least *squared* distance to the target's training images, shape (m,)."""
    return _by_target(features, targets, references, reference_labels, np.min) ** 2


def _by_target(
    features: np.ndarray,
    targets: np.ndarray,
    references: np.ndarray,
    reference_labels: np.ndarray,
    reduce: Callable[..., np.ndarray],
) -> np.ndarray:
    """Reduce each reconstruction's distances to the references of its own class: shape (m,)."""
    from scipy.spatial.distance import cdist

    features = check.array("features", features, ("m", "d"), finite=False)
    references = check.array("references", references, ("n", features.shape[1]))
    targets = check.places("targets", targets, length=len(features))
    reference_labels = check.places("reference_labels", reference_labels, length=len(references))
    failed = _failed("features", ~np.isfinite(features))
    reduced = np.full(len(features), np.inf)
    for target in np.unique(targets):
        references_of_target = references[reference_labels == target]
        if not len(references_of_target):
            raise ValueError(f"the target class {target} has no reference images to compare with")
        rows = (targets == target) & ~failed
        reduced[rows] = reduce(cdist(features[rows], references_of_target), axis=1)
        check.finite("distances of features", reduced[rows])
    return reduced
