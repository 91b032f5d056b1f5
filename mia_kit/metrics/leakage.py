"""How much of a person a reconstruction shows: attack accuracy, verified share, feature distance.

Candidates of one target resemble each other, so that intervals resample targets, not candidates. A row that holds NaN
or infinity is a counted failure of the attack, see `mia_kit.metrics`: rank last, distance infinite.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from mia_kit import check
from mia_kit.metrics.intervals import Interval, cluster_interval

Reduce = Callable[..., np.ndarray]


class FailedRowsWarning(UserWarning):
    """Some reconstructions cannot be judged, and count as failures of the attack."""


def attack_accuracy(logits: np.ndarray, targets: np.ndarray, *, k: int = 1) -> Interval:
    """Acc@k: the share of reconstructions whose target is among an independent evaluator's `k` most likely classes.

    `logits` are the evaluator's scores, of shape (m, classes), `targets` integers of shape (m,), at least 2 different
    ones. The mean over targets. An evaluator calls many a picture the person though people do not: show
    `verified_share` beside it. Ties and failed rows count against the attack.
    """
    ranks, failed = _ranks(logits, targets)
    k = check.count("k", k, most=np.shape(logits)[1])
    return over_targets((ranks <= k) & ~failed, targets)


def target_ranks(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """How many classes the evaluator finds at least as likely as the target, itself included: shape (m,), 1 is a hit.

    `logits` and `targets` as in `attack_accuracy`, one target being enough. A logit of minus infinity is an impossible
    class; a row with NaN or plus infinity failed, and has the last rank.
    """
    return _ranks(logits, targets)[0]


def _ranks(logits: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ranks, and which rows failed: both of shape (m,)."""
    logits = check.array("logits", logits, ("m", "classes"), finite=False)
    targets = check.places("targets", targets, length=len(logits), below=logits.shape[1])
    failed = _failed("logits", ~(logits < np.inf))
    at_least_as_likely = (logits >= logits[np.arange(len(targets)), targets][:, None]).sum(axis=1)
    return np.where(failed, logits.shape[1], at_least_as_likely), failed


def _failed(name: str, not_numbers: np.ndarray) -> np.ndarray:
    """Which rows of (m, d) hold what is not a number: bool of shape (m,), said aloud. ValueError if all do."""
    failed = np.asarray(not_numbers.any(axis=1))
    if failed.all():
        raise ValueError(f"{name} must be finite in one row at least, got {len(failed)} rows of which none is instead")
    if failed.any():
        warnings.warn(
            f"{failed.sum()} of {len(failed)} rows of {name} are not finite: they count as failures of the attack",
            FailedRowsWarning,
            stacklevel=4,
        )
    return failed


def centre_ranks(embeddings: np.ndarray, targets: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The rank of each target's centre among all centres, of shape (people, d), by nearness: shape (n,); 1 is best."""
    from scipy.spatial.distance import cdist

    ranks: np.ndarray = target_ranks(-cdist(embeddings, centres), targets)
    return ranks


def verified_share(distances: np.ndarray, targets: np.ndarray, *, threshold: float) -> Interval:
    """Share of reconstructions nearer to the person than `threshold` in an embedding that no attack has seen.

    `distances` has the shape (m,), see `person_distances`: at least 0, infinite for a failure of the attack. The
    threshold, above 0, lets a known share of strangers through, see `mia_kit.models.same_person_threshold`.
    """
    threshold = check.in_range("threshold", threshold, 0, open_ends="low")
    distances = check.array("distances", distances, ("m",), finite=False)
    if wrong := int((~(distances >= 0)).sum()):  # NaN is no distance
        raise ValueError(
            f"distances must be numbers of at least 0, got {wrong} of {len(distances)} that are not instead"
        )
    check.count("the number of finite distances", int(np.isfinite(distances).sum()))
    return over_targets(distances < threshold, targets)


def person_distances(
    embeddings: np.ndarray, targets: np.ndarray, references: np.ndarray, reference_labels: np.ndarray
) -> np.ndarray:
    """Median distance of each reconstruction to the photographs of its target: shape (m,).

    `embeddings` (m, d) are compared with `references` (n, d) of the same class. The median, as one chance likeness does
    not make a person. Infinite for a failed row. To compare with strangers, hand over other people's photographs under
    the targets' labels.
    """
    return _by_target(embeddings, targets, references, reference_labels, np.median)


def feature_distance(
    features: np.ndarray, targets: np.ndarray, references: np.ndarray, reference_labels: np.ndarray
) -> Interval:
    """The paper's delta: mean over reconstructions of the least *squared* distance to the target's training images.

    `features`, (m, d), are those of the reconstructions of `targets`, (m,), `references`, (n, d), those of the training
    images of `reference_labels`, (n,). A failed row has no distance, so that there is no mean: a ValueError. Leave it
    out and say so.
    """
    return over_targets(_by_target(features, targets, references, reference_labels, np.min) ** 2, targets)


def over_targets(values: np.ndarray, targets: np.ndarray) -> Interval:
    """Mean over targets of the mean over their candidates, both of shape (m,), with a bootstrap over the targets."""
    targets = check.places("targets", targets, length=len(values))
    return cluster_interval([values[targets == target].mean() for target in np.unique(targets)])


def _by_target(
    features: np.ndarray, targets: np.ndarray, references: np.ndarray, reference_labels: np.ndarray, reduce: Reduce
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
        own = references[reference_labels == target]
        check.count(f"the number of reference images of the target class {target}", len(own))
        rows = (targets == target) & ~failed
        reduced[rows] = reduce(cdist(features[rows], own), axis=1)
        check.finite("distances of features", reduced[rows])
    return reduced
