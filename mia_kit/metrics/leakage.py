"""How much of a person a reconstruction shows: the rank of the target, and the distance to the person's pictures.

A row that holds NaN or infinity is a counted failure of the attack, see `mia_kit.metrics`: rank last, distance
infinite.
"""

from __future__ import annotations

import warnings

import numpy as np

from mia_kit import check


class FailedRowsWarning(UserWarning):
    """Some reconstructions cannot be judged, and count as failures of the attack."""


def target_ranks(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """How many classes the evaluator finds at least as likely as the target, itself included: shape (m,), 1 is a hit.

    `logits` are the evaluator's scores, of shape (m, classes), `targets` integers of shape (m,). Ties count against the
    attack. A logit of minus infinity is an impossible class; a row with NaN or plus infinity failed, and has the last
    rank. An evaluator calls many a picture the person though people do not: show `person_distances` beside it.
    """
    logits = check.array("logits", logits, ("m", "classes"), finite=False)
    targets = check.places("targets", targets, length=len(logits), below=logits.shape[1])
    failed = _failed("logits", ~(logits < np.inf))
    at_least_as_likely = (logits >= logits[np.arange(len(targets)), targets][:, None]).sum(axis=1)
    return np.where(failed, logits.shape[1], at_least_as_likely)


def centre_ranks(embeddings: np.ndarray, targets: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The rank of each target's centre among all centres, of shape (people, d), by nearness: shape (n,); 1 is best."""
    from scipy.spatial.distance import cdist

    ranks: np.ndarray = target_ranks(-cdist(embeddings, centres), targets)
    return ranks


def person_distances(
    embeddings: np.ndarray, targets: np.ndarray, references: np.ndarray, reference_labels: np.ndarray
) -> np.ndarray:
    """Median distance of each reconstruction to the photographs of its target: shape (m,), infinite for a failed row.

    `embeddings` (m, d) are compared with `references` (n, d) of the same class. The median, as one chance likeness does
    not make a person. To compare with strangers, hand over other people's photographs under the targets' labels.
    """
    from scipy.spatial.distance import cdist

    embeddings = check.array("embeddings", embeddings, ("m", "d"), finite=False)
    references = check.array("references", references, ("n", embeddings.shape[1]))
    targets = check.places("targets", targets, length=len(embeddings))
    reference_labels = check.places("reference_labels", reference_labels, length=len(references))
    failed = _failed("embeddings", ~np.isfinite(embeddings))
    medians = np.full(len(embeddings), np.inf)
    for target in np.unique(targets):
        photographs = references[reference_labels == target]
        check.count(f"the number of reference images of the target class {target}", len(photographs))
        rows = (targets == target) & ~failed
        medians[rows] = np.median(cdist(embeddings[rows], photographs), axis=1)
        check.finite("distances of embeddings", medians[rows])
    return medians


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
