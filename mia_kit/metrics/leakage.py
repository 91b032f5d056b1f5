"""How much of a person a reconstruction shows: attack accuracy, verified share, feature distance.

Candidates of one target resemble each other, so that intervals resample targets, not candidates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mia_kit.metrics.intervals import Interval, cluster_interval


def attack_accuracy(logits: np.ndarray, targets: np.ndarray, *, k: int = 1) -> Interval:
    """Share of reconstructions whose target is among an independent evaluator's `k` most likely classes.

    Parameters
    ----------
    logits : the evaluator's scores, of shape (m, classes)
    targets : integers of shape (m,), at least 2 different ones
    k : 1 for Acc@1, 5 for Acc@5

    The mean over targets. An evaluator calls many a picture the person though people do not: show `verified_share`
    beside it. Ties count against the attack. Raises ValueError if a shape, a target or `k` does not fit.
    """
    ranks = target_ranks(logits, targets)
    if not 1 <= k <= logits.shape[1]:
        raise ValueError(f"k must lie in [1, {logits.shape[1]}], got {k} instead")
    return over_targets(ranks <= k, targets)


def target_ranks(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """How many classes the evaluator finds at least as likely as the target, itself included: shape (m,), 1 is a hit.

    `logits` and `targets` as in `attack_accuracy`, one target being enough. ValueError if a shape or target is wrong.
    """
    _check(logits, targets, 2, "logits")
    if targets.min() < 0 or targets.max() >= logits.shape[1]:
        raise ValueError(
            f"targets must lie in [0, {logits.shape[1]}), the evaluator's classes, got values from {targets.min()} to "
            f"{targets.max()} instead"
        )
    own = logits[np.arange(len(targets)), targets]
    ranks: np.ndarray = (logits >= own[:, None]).sum(axis=1)
    return ranks


def verified_share(distances: np.ndarray, targets: np.ndarray, *, threshold: float) -> Interval:
    """Share of reconstructions nearer to the person than `threshold` in an embedding that no attack has seen.

    `distances` has the shape (m,), see `person_distances`; the threshold lets a known share of strangers through, see
    `mia_kit.models.same_person_threshold`. Raises ValueError if the shapes do not fit.
    """
    _check(distances, targets, 1, "distances")
    return over_targets(distances < threshold, targets)


@dataclass(frozen=True)
class IdentityShares:
    """Whom the reconstructions of protected people show: shares with intervals over people.

    person, surrogate : verified as the person under attack, and as the surrogate in their place; one may be both
    nearer_surrogate : nearer to the surrogate, verified or not
    """

    person: Interval
    surrogate: Interval
    nearer_surrogate: Interval


def identity_shares(
    to_person: np.ndarray, to_surrogate: np.ndarray, targets: np.ndarray, *, threshold: float
) -> IdentityShares:
    """Whether a defence with surrogates (see `mia_kit.defences.data_centric`) leads an attack to them.

    `to_person` and `to_surrogate` of shape (m,) are `person_distances`, the second to the surrogates' photographs under
    their targets' labels; `threshold` as in `verified_share`. Raises ValueError if the shapes do not fit.
    """
    _check(to_person, targets, 1, "to_person")
    return IdentityShares(
        verified_share(to_person, targets, threshold=threshold),
        verified_share(to_surrogate, targets, threshold=threshold),
        over_targets(to_surrogate < to_person, targets),
    )


def person_distances(
    embeddings: np.ndarray, targets: np.ndarray, references: np.ndarray, reference_labels: np.ndarray
) -> np.ndarray:
    """Median distance of each reconstruction to the photographs of its target: shape (m,).

    `embeddings` (m, d) are compared with `references` (n, d) of the same class. The median, as one chance likeness does
    not make a person. To compare with strangers, hand over other people's photographs under the targets' labels.
    """
    return _by_target(embeddings, targets, references, reference_labels, np.median)


def feature_distance(
    features: np.ndarray, targets: np.ndarray, references: np.ndarray, reference_labels: np.ndarray
) -> Interval:
    """The paper's delta: mean over reconstructions of the least *squared* distance to the target's training images.

    Parameters
    ----------
    features : of the reconstructions, of shape (m, d)
    targets : integers of shape (m,)
    references : features of the training images, of shape (n, d)
    reference_labels : integers of shape (n,); each target needs one image at least

    Raises ValueError if a shape does not fit or a target has no training image.
    """
    return over_targets(nearest_squared(features, targets, references, reference_labels), targets)


def nearest_squared(
    features: np.ndarray, targets: np.ndarray, references: np.ndarray, reference_labels: np.ndarray
) -> np.ndarray:
    """What `feature_distance` is the mean of, from the same input: one number for each reconstruction, shape (m,)."""
    return _by_target(features, targets, references, reference_labels, np.min) ** 2


def over_targets(values: np.ndarray, targets: np.ndarray) -> Interval:
    """Mean over targets of the mean over their candidates, with a bootstrap over the targets, at least 2."""
    return cluster_interval([values[targets == target].mean() for target in np.unique(targets)])


def _by_target(
    features: np.ndarray,
    targets: np.ndarray,
    references: np.ndarray,
    reference_labels: np.ndarray,
    reduce: Callable[..., np.ndarray],
) -> np.ndarray:
    """Reduce each reconstruction's distances to the references of its own class: shape (m,)."""
    from scipy.spatial.distance import cdist

    _check(features, targets, 2, "features")
    _check(references, reference_labels, 2, "references")
    if features.shape[1] != references.shape[1]:
        raise ValueError(
            f"features and references must come from one network, got {features.shape[1]} and {references.shape[1]} "
            "numbers an image instead"
        )
    reduced = np.empty(len(features))
    for target in np.unique(targets):
        own = references[reference_labels == target]
        if not len(own):
            raise ValueError(f"the target class {target} has no reference images to compare with")
        reduced[targets == target] = reduce(cdist(features[targets == target], own), axis=1)
    return reduced


def _check(values: np.ndarray, targets: np.ndarray, dimensions: int, name: str) -> None:
    if values.ndim != dimensions or targets.shape != values.shape[:1] or not len(values):
        wanted = "(m, ...)" if dimensions > 1 else "(m,)"
        raise ValueError(
            f"{name} must have the shape {wanted} with m at least 1 and their classes the shape (m,), "
            f"got {values.shape} and {targets.shape} instead"
        )
