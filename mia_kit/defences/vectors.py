"""Confidence vectors stay confidence vectors: the steps that all defences at serving time are made of.

`poisoned` keeps the label and the bound by construction, not by hope. Non-negative vectors that sum to 1 and have their
greatest entry in a given place form a convex set, and the clean vector c is in it. A disturbed vector is first taken
into the set (`with_label`); then it moves on the straight line towards c, which never leaves the set, until it is no
further than the bound. Zhou et al. divide by the sum alone, so that their label and bound can both be lost: their
accuracy falls at bounds of 0.5 and 1.

All take Tensors of shape (n, classes) and work row by row; gradients pass through all but `repaired`.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from mia_kit import check

# Other entries stay this share below the label's, so that rounding does not make them its equals.
MARGIN = 1e-4
# A vector whose sum is further from 1 is no answer of a softmax, in half precision either.
SUM_TOLERANCE = 2e-3


def check_confidences(confidences: Tensor) -> None:
    """ValueError unless rows are finite, non-negative, sum to 1 within 0.002, and there are 2 classes at least."""
    check.floats("confidences", confidences, ("n", "classes"))
    check.count("the number of classes", confidences.shape[1], 2)
    off = (confidences.sum(dim=1) - 1).abs()
    if len(confidences) and not (float(confidences.min()) >= 0 and float(off.max()) <= SUM_TOLERANCE):
        raise ValueError(
            "confidences must not be negative and sum to 1, got entries from "
            f"{float(confidences.min()):.3g} and sums up to {float(off.max()):.3g} away from 1 instead"
        )


def poisoned(clean: Tensor, perturbation: Tensor, bound: float, *, keeps_label: bool = True) -> Tensor:
    """A probability vector near clean + perturbation, at most `bound` from `clean` in the 2-norm.

    With `keeps_label` its greatest entry is where that of `clean` is. Serve it through `repaired`, for rounding's sake.
    """
    raw = clean + perturbation
    sound = with_label(raw, clean) if keeps_label else on_simplex(raw)
    return clean + in_ball(sound - clean, bound)


def with_label(raw: Tensor, clean: Tensor) -> Tensor:
    """The absolute values of `raw`, none above that of the label of `clean`, divided by their sum.

    Negative entries are mirrored, not cut off at 0: that is no further from `clean`, leaves them a gradient, and serves
    no zeros. A row in which the label has nothing left is that of `clean`.
    """
    label = clean.argmax(dim=1, keepdim=True)
    positive = raw.abs()
    top = positive.gather(1, label)  # (n, 1)
    capped = torch.minimum(positive, (1 - MARGIN) * top).scatter(1, label, top)
    total = capped.sum(dim=1, keepdim=True)
    return torch.where(total > 0, capped / total.clamp_min(torch.finfo(total.dtype).tiny), clean)


def on_simplex(raw: Tensor) -> Tensor:
    """The nearest probability vector in the 2-norm (Duchi et al., ICML 2008), whose label may be another."""
    raw = raw - raw.amax(dim=1, keepdim=True).detach()  # changes nothing but the rounding
    falling = raw.sort(dim=1, descending=True).values
    count = torch.arange(1, raw.shape[1] + 1, device=raw.device, dtype=raw.dtype)
    surplus = (falling.cumsum(dim=1) - 1) / count  # what each of the first k entries would have to lose
    support = (falling > surplus).sum(dim=1, keepdim=True).clamp_min(1)
    nearest = (raw - surplus.gather(1, support - 1)).clamp_min(0)
    return nearest / nearest.sum(dim=1, keepdim=True)


def repaired(served: Tensor, clean: Tensor, *, keeps_label: bool = True) -> Tensor:
    """`served`, but the clean row where rounding has left no probability vector or another label."""
    sound = served.isfinite().all(dim=1) & (served >= 0).all(dim=1)
    sound &= (served.sum(dim=1) - 1).abs() <= SUM_TOLERANCE
    if keeps_label:
        sound &= served.argmax(dim=1) == clean.argmax(dim=1)
    return torch.where(sound[:, None], served, clean).detach()


def in_ball(perturbation: Tensor, bound: float) -> Tensor:
    """Rows longer than `bound` in the 2-norm are shortened to it; with a gradient at 0, too."""
    return perturbation * (bound / (perturbation.square().sum(dim=1, keepdim=True) + 1e-30).sqrt()).clamp_max(1)


def random_in_ball(like: Tensor, bound: float, generator: Generator) -> Tensor:
    """A row for each of `like`, uniform in the ball of radius `bound`. Drawn on the CPU: the same on any device."""
    direction = torch.randn(like.shape, generator=generator, dtype=torch.float64)
    radius = torch.rand(len(like), 1, generator=generator, dtype=torch.float64) ** (1 / like.shape[1])
    return (bound * radius * direction / direction.norm(dim=1, keepdim=True)).to(like)
