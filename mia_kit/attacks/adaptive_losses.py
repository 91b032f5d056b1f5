"""Losses of an attacker who knows how the target was trained: the distance to a decision boundary, and a temperature.

Attacks adapted to negative smoothing are an open question of "Be Careful What You Smooth For" (Struppek et al., ICLR
2024). Both are made for one target and then used as any of `mia_kit.attacks.losses`:

    run(access, [0, 1], prior=prior, seed=0, loss=adapted(access, "boundary"))
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mia_kit import check
from mia_kit.access import AccessError, WhiteBox
from mia_kit.attacks.lomma import head_of
from mia_kit.attacks.losses import LOSSES, Loss, poincare
from mia_kit.smoothing import at_least_float32


@dataclass(frozen=True, eq=False)
class Boundary:
    """Minus the distance of the penultimate features to where another class takes over; positive outside the class.

    The last layer is linear, so that the boundary between the target y and class j is a plane in the features, and the
    distance to it exactly (l_y - l_j) / |w_y - w_j|. The nearest plane counts. Unlike the margin it does not grow when
    training blows up the last layer's weights.

    weight : of the last layer, of shape (classes, d), at least two rows and no two alike; ValueError otherwise
    """

    weight: Tensor

    def __post_init__(self) -> None:
        check.floats("weight", self.weight, ("classes", "d"))
        check.count("the number of classes that differ in weight", len(self.weight.unique(dim=0)), len(self.weight))
        check.count("the number of classes", len(self.weight), 2)

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Losses of shape (n,) for logits of shape (n, classes). ValueError as from the other losses."""
        check.floats("logits", logits, ("n", len(self.weight)))
        check.labels(targets, classes=len(self.weight), length=len(logits), name="targets")
        logits = at_least_float32(logits)
        weight = self.weight.to(logits)
        between = (weight[targets][:, None] - weight).norm(dim=2)  # (n, classes); 0 at the target
        ahead = logits - logits.gather(1, targets[:, None])
        mask = torch.zeros_like(between, dtype=torch.bool).scatter(1, targets[:, None], True)
        distances = ahead / between.masked_fill(mask, 1.0)
        return distances.masked_fill(mask, -torch.inf).amax(dim=1)


@dataclass(frozen=True)
class Tempered:
    """A loss of the logits divided by `temperature`, above 0: a softmax that was saturated has something to say again.

    The Poincare loss does not notice, for it scales the logits itself.
    """

    loss: Loss
    temperature: float

    def __post_init__(self) -> None:
        check.in_range("temperature", self.temperature, 0, open_ends="low")

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Losses of shape (n,) for logits of shape (n, classes)."""
        check.floats("logits", logits, ("n", "classes"))
        return self.loss(at_least_float32(logits) / self.temperature, targets)


def adapted(access: WhiteBox, name: str, *, temperature: float = 1.0) -> Loss:
    """The loss `name` for this target: "boundary" or one of `LOSSES`, of the logits divided by `temperature`.

    ValueError for a temperature of the Poincare loss, which would change nothing. AccessError if the boundary is asked
    for and the model has no linear `head`.
    """
    check.one_of("loss", name, ("boundary", *LOSSES))
    if name == "boundary":
        head = head_of(access)
        if not isinstance(head, nn.Linear):
            raise AccessError(f"expected a linear layer as the head, got {type(head).__name__} instead")
        loss: Loss = Boundary(head.weight.detach())
    else:
        loss = LOSSES[name]
    if temperature == 1:
        return loss
    if loss is poincare:
        raise ValueError(f"the Poincare loss has no temperature, got {temperature} instead: take another loss")
    return Tempered(loss, temperature)
