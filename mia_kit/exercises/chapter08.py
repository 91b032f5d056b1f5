"""Checks for the exercises of notebook 08: two losses of an attacker who knows the defence."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy

from mia_kit.attacks.adaptive_losses import Boundary, Tempered
from mia_kit.attacks.losses import LOSSES, margin
from mia_kit.exercises import about_loss, spoken

TEMPERATURE = 4.0
PEOPLE = torch.tensor([0, 4, 2, 2, 1, 3])


@spoken
def check_tempered(my_tempered: Callable[[Tensor, Tensor, float], Tensor]) -> str | None:
    """Exercise 1: cross-entropy of the logits divided by a temperature, one loss for each image."""
    logits = _logits()
    plain, multiplied, divided = (
        cross_entropy(numbers, PEOPLE, reduction="none")
        for numbers in (logits, logits * TEMPERATURE, logits.softmax(dim=1) / TEMPERATURE)
    )
    wrong = {
        "that is plain cross-entropy: divide the logits by the temperature first.": plain,
        "you divided the loss, and its gradient stays nothing: divide the logits before.": plain / TEMPERATURE,
        "you multiplied: that makes the model surer still. Divide.": multiplied,
        "you divided the confidences, which are full already: divide the logits.": divided,
    }
    right = Tempered(LOSSES["cross_entropy"], TEMPERATURE)(logits, PEOPLE)
    return about_loss(my_tempered(logits, PEOPLE, TEMPERATURE), right, wrong)


@spoken
def check_boundary(my_boundary: Callable[[Tensor, Tensor, Tensor], Tensor]) -> str | None:
    """Exercise 2: minus the distance, in the features, to the plane where another class takes over."""
    logits, people = _logits(), PEOPLE[:, None]
    weight = torch.randn(5, 3, generator=Generator().manual_seed(1)) * torch.tensor([1.0, 3, 0.3, 2, 5])[:, None]
    ahead = logits.scatter(1, people, -torch.inf) - logits.gather(1, people)
    apart = (weight[PEOPLE][:, None] - weight).norm(dim=2).scatter(1, people, 1.0)
    right, lead = Boundary(weight)(logits, PEOPLE), margin(logits, PEOPLE)
    wrong = {
        "that is the margin: divide it by how far apart the two rows of weights are.": lead,
        "you divided by the squared length: take the length itself.": (ahead / apart**2).amax(dim=1),
        "you divided by the length of the person's own row: take that of the difference of both rows.": (
            lead / weight[PEOPLE].norm(dim=1)
        ),
        "the person's own class is among the others, with a distance of 0: leave it out.": right.clamp_min(0),
    }
    return about_loss(my_boundary(logits, PEOPLE, weight), right, wrong)


def _logits() -> Tensor:
    """Those of six images, one of them sure of its person."""
    logits = 3 * torch.randn(6, 5, generator=Generator().manual_seed(0))
    logits[1, 4] = 20.0
    return logits
