"""Checks for the exercises of notebook 08: two losses of an attacker who knows the defence."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy

from mia_kit.attacks.adaptive_losses import Boundary, Tempered
from mia_kit.attacks.losses import LOSSES, margin
from mia_kit.exercises import speak
from mia_kit.exercises.losses import about_loss

TEMPERATURE = 4.0


def check_tempered(my_tempered: Callable[[Tensor, Tensor, float], Tensor]) -> None:
    """Exercise 1: cross-entropy of the logits divided by a temperature, one loss for each image."""

    def verdict() -> str | None:
        logits, targets = _six()
        right = Tempered(LOSSES["cross_entropy"], TEMPERATURE)(logits, targets)
        plain = cross_entropy(logits, targets, reduction="none")
        mistakes = [
            (plain, "that is plain cross-entropy: divide the logits by the temperature first."),
            (plain / TEMPERATURE, "you divided the loss, and its gradient stays nothing: divide the logits before."),
            (
                cross_entropy(logits * TEMPERATURE, targets, reduction="none"),
                "you multiplied: that makes the model surer still. Divide.",
            ),
            (
                cross_entropy(logits.softmax(dim=1) / TEMPERATURE, targets, reduction="none"),
                "you divided the confidences, which are full already: divide the logits.",
            ),
        ]
        return about_loss(my_tempered(logits, targets, TEMPERATURE), right, mistakes)

    speak(verdict)


def check_boundary(my_boundary: Callable[[Tensor, Tensor, Tensor], Tensor]) -> None:
    """Exercise 2: minus the distance, in the features, to the plane where another class takes over."""

    def verdict() -> str | None:
        logits, targets = _six()
        weight = torch.randn(5, 3, generator=Generator().manual_seed(1)) * torch.tensor([1.0, 3, 0.3, 2, 5])[:, None]
        ahead = logits.scatter(1, targets[:, None], -torch.inf) - logits.gather(1, targets[:, None])
        apart = (weight[targets][:, None] - weight).norm(dim=2).scatter(1, targets[:, None], 1.0)
        right = Boundary(weight)(logits, targets)
        mistakes = [
            (margin(logits, targets), "that is the margin: divide it by how far apart the two rows of weights are."),
            ((ahead / apart**2).amax(dim=1), "you divided by the squared length: take the length itself."),
            (
                margin(logits, targets) / weight[targets].norm(dim=1),
                "you divided by the length of the person's own row: take that of the difference of both rows.",
            ),
            (right.clamp_min(0), "the person's own class is among the others, with a distance of 0: leave it out."),
        ]
        return about_loss(my_boundary(logits, targets, weight), right, mistakes)

    speak(verdict)


def _six() -> tuple[Tensor, Tensor]:
    """Logits of six images, one of them sure of its person, and the people."""
    logits = 3 * torch.randn(6, 5, generator=Generator().manual_seed(0))
    logits[1, 4] = 20.0
    return logits, torch.tensor([0, 4, 2, 2, 1, 3])
