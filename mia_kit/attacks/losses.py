"""What an attacker minimises: functions of logits and target classes, one loss for each image.

The Poincare loss is that of Plug & Play Attacks (Struppek et al., ICML 2022, section 3.3): in hyperbolic space the
distance to the target grows without bound towards the border, so that gradients do not vanish with rising confidence.
The raw logit is LOMMA's identity loss and the margin PLG-MI's: both go on where a softmax is saturated, so a model
trained with negative smoothing is always attacked with one of them as well. Pushing all other classes down is an attack
on such models that was put to the label-smoothing paper as an open question; `mia_kit.attacks.adaptive_losses` has two
more, which must know the model. 1 - confidence is the cost of the first inversion attack (Fredrikson et al., CCS 2015):
its gradient vanishes where the target's confidence is near 0 or 1.

All take logits of shape (n, classes) and target classes of shape (n,), and return a Tensor of shape (n,).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy as torch_cross_entropy
from torch.nn.functional import one_hot

Loss = Callable[[Tensor, Tensor], Tensor]

# The target sits this far inside the border of the ball, where distances are finite.
_INSIDE = 1e-4
# |u|_2 is 1 when a single logit is not 0; the paper's formula then divides by 0.
_LEAST_DENOMINATOR = 1e-6


def poincare(logits: Tensor, targets: Tensor) -> Tensor:
    """Hyperbolic distance between the logits, scaled to length 1 in the 1-norm, and the target class.

    u = logits / |logits|_1, v = onehot - 1e-4 clipped to [0, 1];
    arccosh(1 + 2 |u - v|^2 / ((1 - |u|^2) (1 - |v|^2))). Half-precision logits are taken to float32 first: in 16 bits
    the denominator is 0. ValueError for shapes or classes that do not fit.
    """
    _check(logits, targets)
    if logits.dtype not in (torch.float32, torch.float64):
        logits = logits.float()
    u = logits / logits.abs().sum(dim=1, keepdim=True).clamp_min(torch.finfo(logits.dtype).tiny)
    v = (one_hot(targets, logits.shape[1]).to(logits.dtype) - _INSIDE).clamp(0, 1)
    gap = (u - v).square().sum(dim=1)
    denominator = (1 - u.square().sum(dim=1)) * (1 - v.square().sum(dim=1))
    return torch.acosh(1 + 2 * gap / denominator.clamp_min(_LEAST_DENOMINATOR * 2 * _INSIDE))


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """-log of the target's confidence."""
    _check(logits, targets)
    return torch_cross_entropy(logits, targets, reduction="none")


def lack_of_confidence(logits: Tensor, targets: Tensor) -> Tensor:
    """1 - the target's confidence (Fredrikson et al., CCS 2015, algorithm 1)."""
    _check(logits, targets)
    return 1 - logits.softmax(dim=1).gather(1, targets[:, None]).squeeze(1)


def logit(logits: Tensor, targets: Tensor) -> Tensor:
    """Minus the target's raw logit (LOMMA, Nguyen et al., CVPR 2023)."""
    _check(logits, targets)
    return -logits.gather(1, targets[:, None]).squeeze(1)


def margin(logits: Tensor, targets: Tensor) -> Tensor:
    """The greatest other logit minus the target's (PLG-MI, Yuan et al., AAAI 2023): negative once the target leads."""
    _check(logits, targets)
    others = logits.masked_fill(one_hot(targets, logits.shape[1]).bool(), float("-inf"))
    return others.amax(dim=1) + logit(logits, targets)


def others_down(logits: Tensor, targets: Tensor) -> Tensor:
    """The mean of the other classes' logits minus the target's: every class is pushed, and the push never fades."""
    own = logit(logits, targets)
    return (logits.sum(dim=1) + own) / (logits.shape[1] - 1) + own


LOSSES: dict[str, Loss] = {
    "poincare": poincare,
    "cross_entropy": cross_entropy,
    "lack_of_confidence": lack_of_confidence,
    "logit": logit,
    "margin": margin,
    "others_down": others_down,
}


def _check(logits: Tensor, targets: Tensor) -> None:
    if logits.ndim != 2 or targets.shape != logits.shape[:1]:
        raise ValueError(
            "logits must have the shape (n, classes) and targets the shape (n,), "
            f"got {tuple(logits.shape)} and {tuple(targets.shape)} instead"
        )
    if len(targets) and (int(targets.min()) < 0 or int(targets.max()) >= logits.shape[1]):
        raise ValueError(
            f"target classes must lie in [0, {logits.shape[1]}), "
            f"got values from {int(targets.min())} to {int(targets.max())} instead"
        )
