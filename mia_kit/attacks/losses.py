"""What an attacker minimises: functions of logits and target classes, one loss for each image.

The Poincare loss is that of Plug & Play Attacks (Struppek et al., ICML 2022, section 3.3): in hyperbolic space the
distance to the target grows without bound towards the border, so that gradients do not vanish with rising confidence.
The raw logit is LOMMA's identity loss and the margin PLG-MI's: both go on where a softmax is saturated, so a model
trained with negative smoothing is always attacked with one of them as well, or by pushing all other classes down;
`mia_kit.attacks.adaptive_losses` has two more, which must know the model. 1 - confidence is the cost of the first
inversion attack (Fredrikson et al., CCS 2015): its gradient vanishes where the confidence is near 0 or 1.

All take logits of shape (n, classes) and target classes, an int64 Tensor of shape (n,), and return a Tensor of shape
(n,): float64 for logits of that precision, else float32. A logit of minus infinity counts as its limit; with plus
infinity the losses of the confidence are NaN.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy as torch_cross_entropy
from torch.nn.functional import one_hot

from mia_kit import check
from mia_kit.smoothing import at_least_float32

Loss = Callable[[Tensor, Tensor], Tensor]

# The target sits this far inside the border of the ball, where distances are finite.
_INSIDE = 1e-4
# |u|_2 is 1 when a single logit is not 0; the paper's formula then divides by 0.
_LEAST_DENOMINATOR = 1e-6
# Logits beyond count as this: an infinite one, too, has a direction.
_GREATEST = 1e30


def poincare(logits: Tensor, targets: Tensor) -> Tensor:
    """Hyperbolic distance between the logits, scaled to length 1 in the 1-norm, and the target class.

    u = logits / |logits|_1, v = onehot - 1e-4 clipped to [0, 1];
    arccosh(1 + 2 |u - v|^2 / ((1 - |u|^2) (1 - |v|^2))).
    """
    logits = _checked(logits, targets).clamp(-_GREATEST, _GREATEST)
    u = logits / logits.abs().sum(dim=1, keepdim=True).clamp_min(torch.finfo(logits.dtype).tiny)
    v = (one_hot(targets, logits.shape[1]).to(logits.dtype) - _INSIDE).clamp(0, 1)
    gap = (u - v).square().sum(dim=1)
    denominator = (1 - u.square().sum(dim=1)) * (1 - v.square().sum(dim=1))
    return torch.acosh(1 + 2 * gap / denominator.clamp_min(_LEAST_DENOMINATOR * 2 * _INSIDE))


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """-log of the target's confidence."""
    return torch_cross_entropy(_checked(logits, targets), targets, reduction="none")


def lack_of_confidence(logits: Tensor, targets: Tensor) -> Tensor:
    """1 - the target's confidence (Fredrikson et al., CCS 2015, algorithm 1)."""
    return 1 - _of_targets(_checked(logits, targets).softmax(dim=1), targets)


def logit(logits: Tensor, targets: Tensor) -> Tensor:
    """Minus the target's raw logit (LOMMA, Nguyen et al., CVPR 2023)."""
    return -_of_targets(_checked(logits, targets), targets)


def margin(logits: Tensor, targets: Tensor) -> Tensor:
    """The greatest other logit minus the target's (PLG-MI, Yuan et al., AAAI 2023): negative once the target leads."""
    logits = _checked(logits, targets, classes=2)
    return logits.scatter(1, targets[:, None], -torch.inf).amax(dim=1) - _of_targets(logits, targets)


def others_down(logits: Tensor, targets: Tensor) -> Tensor:
    """The mean of the other classes' logits minus the target's: every class is pushed, and the push never fades."""
    logits = _checked(logits, targets, classes=2)
    others = logits.scatter(1, targets[:, None], 0.0)
    return others.sum(dim=1) / (logits.shape[1] - 1) - _of_targets(logits, targets)


LOSSES: dict[str, Loss] = {
    "poincare": poincare,
    "cross_entropy": cross_entropy,
    "lack_of_confidence": lack_of_confidence,
    "logit": logit,
    "margin": margin,
    "others_down": others_down,
}


def _of_targets(values: Tensor, targets: Tensor) -> Tensor:
    """The entries of shape (n,) that belong to the targets."""
    return values.gather(1, targets[:, None]).squeeze(1)


def _checked(logits: Tensor, targets: Tensor, classes: int = 1) -> Tensor:
    """The logits in float32 at least. Sums of many half-precision numbers leave their range."""
    check.floats("logits", logits, ("n", "classes"))
    check.count("the number of classes", logits.shape[1], classes)
    check.labels(targets, classes=logits.shape[1], length=len(logits), name="targets")
    return at_least_float32(logits)
