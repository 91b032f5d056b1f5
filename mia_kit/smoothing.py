"""Label smoothing with any factor from minus infinity to 1.

Follows Struppek, Hintersdorf and Kersting, "Be Careful What You Smooth For" (ICLR 2024), section 3: the one-hot
label y of C classes becomes (1 - a) y + a / C. A positive factor `a` takes confidence away from the labelled class; a
negative one pushes the other classes below zero, so that the loss has no lower bound and training needs `ramp`.

PyTorch's own `cross_entropy(label_smoothing=...)` treats a negative factor as 0, without a word. That is why this file
exists.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import log_softmax, one_hot

from mia_kit import check


def smoothed_cross_entropy(
    logits: Tensor, labels: Tensor, smoothing: float, reduction: Literal["mean", "sum", "none"] = "mean"
) -> Tensor:
    """Cross-entropy against smoothed labels: (1 - a) * -log p_label + a * mean over classes of -log p.

    Parameters
    ----------
    logits : Tensor of shape (n, classes), any real numbers
    labels : Tensor of shape (n,), integers in [0, classes)
    smoothing : the factor `a`, in (-inf, 1]; 0 is the usual cross-entropy
    reduction : "mean" or "sum" give a scalar, "none" a Tensor of shape (n,)

    Raises
    ------
    ValueError
        If a shape, a label, the factor or the reduction is out of range.

    Source: section 3 of the paper.
    """
    if logits.ndim != 2:
        raise ValueError(f"logits must have the shape (n, classes), got {tuple(logits.shape)} instead")
    if labels.shape != logits.shape[:1]:
        raise ValueError(
            f"labels must have the shape ({len(logits)},) to match the logits, got {tuple(labels.shape)} instead"
        )
    targets = smoothed_targets(labels, logits.shape[1], smoothing).to(logits.dtype)
    losses = -(targets * log_softmax(logits, dim=1)).sum(dim=1)  # (n,)
    if reduction == "mean":
        return losses.mean()
    if reduction == "sum":
        return losses.sum()
    if reduction == "none":
        return losses
    raise ValueError(f"reduction must be 'mean', 'sum' or 'none', got {reduction!r} instead")


def smoothed_targets(labels: Tensor, classes: int, smoothing: float) -> Tensor:
    """The smoothed labels themselves: a Tensor of shape (n, classes), whose rows sum to 1.

    `labels` is a Tensor of shape (n,) with integers in [0, classes); `smoothing` lies in (-inf, 1]. Entries leave
    [0, 1] when the factor is negative. Raises ValueError as `smoothed_cross_entropy` does.
    """
    check_smoothing(smoothing)
    if labels.ndim != 1 or labels.is_floating_point() or labels.dtype == torch.bool:
        raise ValueError(
            f"labels must be integers of shape (n,), got {labels.dtype} of shape {tuple(labels.shape)} instead"
        )
    if len(labels) and (labels.min() < 0 or labels.max() >= classes):
        raise ValueError(f"labels must lie in [0, {classes}), got values from {labels.min()} to {labels.max()} instead")
    hard = one_hot(labels.long(), classes).to(torch.get_default_dtype())  # (n, classes)
    return (1 - smoothing) * hard + smoothing / classes


class Phases(NamedTuple):
    """Where a run changes: the epochs in which the ramp starts, the factor is full, and the rate drops again.

    The learning rate drops first in the epoch from which the factor is full.
    """

    ramp_starts: int
    full: int
    last_drop: int


def phases(epochs: int) -> Phases:
    """The phases of a run of `epochs`, at least 1: from a half, three quarters and nine tenths of it, rounded up but
    for the half. With 100 epochs they start at 50, 75 and 90, as in the authors' public configuration for the paper.
    """
    check.count("epochs", epochs)
    return Phases(epochs // 2, math.ceil(3 * epochs / 4), math.ceil(9 * epochs / 10))


def ramp(smoothing: float, epoch: int, epochs: int) -> float:
    """The factor to train with in one epoch: hard labels first, then a ramp, then the factor itself.

    Only a negative factor is ramped; others are returned as they are. With 100 epochs this is the paper's schedule:
    0 before epoch 50, `a * (epoch + 1 - 50) / 50` up to epoch 74, `a` from epoch 75, where the learning rate drops
    too. Other lengths keep the `phases`.

    Parameters
    ----------
    smoothing : the final factor, in (-inf, 1]
    epoch : the epoch that is about to run, from 0 to epochs - 1
    epochs : the length of the whole run, at least 1

    Raises
    ------
    ValueError
        If the factor or the epoch is out of range.

    Source: the authors' public configuration for the paper.
    """
    check_smoothing(smoothing)
    start, full, _ = phases(epochs)
    check.count("epoch", epoch, 0, epochs - 1)
    if smoothing >= 0 or epoch >= full:
        return smoothing
    if epoch < start:
        return 0.0
    return smoothing * (epoch + 1 - start) / (epochs - start)


def check_smoothing(smoothing: float) -> None:
    """Raise a ValueError unless the factor is a number in (-inf, 1]."""
    if not math.isfinite(smoothing) or smoothing > 1:
        raise ValueError(f"the smoothing factor must lie in (-inf, 1], got {smoothing} instead")
