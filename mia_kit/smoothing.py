"""Label smoothing with any factor from minus infinity to 1.

Follows Struppek, Hintersdorf and Kersting, "Be Careful What You Smooth For" (ICLR 2024), section 3: the one-hot
label y of C classes becomes (1 - a) y + a / C. A positive factor `a` takes confidence away from the labelled class; a
negative one pushes the other classes below zero, so that the loss has no lower bound and training needs `ramp`.

PyTorch's own `cross_entropy(label_smoothing=...)` treats a negative factor as 0, without a word. That is why this file
exists.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import log_softmax, one_hot

from mia_kit import check


def smoothed_cross_entropy(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Cross-entropy against smoothed labels, the mean over n: minus the sum over the classes of target * log p.

    A logit of minus infinity counts as its limit: it costs nothing where its target is 0, as in PyTorch, and otherwise
    the loss is infinite, of the sign of that target. With a logit of plus infinity the loss is NaN.

    Parameters
    ----------
    logits : Tensor of shape (n, classes), any real numbers
    labels : int64 Tensor of shape (n,), in [0, classes)
    smoothing : the factor `a`, in (-inf, 1]; 0 is the usual cross-entropy

    Returns a scalar, float64 for such logits, else float32.

    Raises
    ------
    ValueError, TypeError
        If a shape, a label or the factor does not fit.

    Source: section 3 of the paper.
    """
    check.floats("logits", logits, ("n", "classes"))
    check.shape("labels", labels, logits.shape[:1])
    log_p = log_softmax(at_least_float32(logits), dim=1)  # (n, classes)
    targets = smoothed_targets(labels, logits.shape[1], smoothing, log_p.dtype)
    return -torch.where(targets == 0, 0, targets * log_p).sum(dim=1).mean()


def smoothed_targets(labels: Tensor, classes: int, smoothing: float, dtype: torch.dtype | None = None) -> Tensor:
    """The smoothed labels themselves: a Tensor of shape (n, classes), whose rows sum to 1.

    `labels` is an int64 Tensor of shape (n,), in [0, classes); `smoothing` lies in (-inf, 1]; `dtype` is PyTorch's
    default. Entries leave [0, 1] when the factor is negative. Raises as `smoothed_cross_entropy` does.
    """
    check_smoothing(smoothing)
    check.count("classes", classes)
    hard = one_hot(check.labels(labels, classes=classes), classes).to(dtype or torch.get_default_dtype())
    return (1 - smoothing) * hard + smoothing / classes


def at_least_float32(logits: Tensor) -> Tensor:
    """Half-precision logits in float32, in which a share of 1 / 100,000 keeps its digits; others as they are."""
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


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
    check.in_range("the smoothing factor", smoothing, -math.inf, 1, open_ends="low")
