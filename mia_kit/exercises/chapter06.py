"""Checks for the exercises of notebook 06."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor
from torch.nn.functional import normalize

from mia_kit.attacks.brep import away_from_boundary
from mia_kit.attacks.losses import logit, margin
from mia_kit.exercises import about_loss, compared, same, spoken


@spoken
def check_margin(my_margin: Callable[[Tensor, Tensor], Tensor]) -> str | None:
    """Exercise 1: the greatest other logit minus the target's."""
    logits = 3 * torch.randn(6, 5, generator=Generator().manual_seed(0))
    targets = logits.argmax(dim=1)
    targets[3:] = logits.argmin(dim=1)[3:]  # half of them lead, half come last
    raw = logit(logits, targets)
    wrong = {
        "where the target leads you compare it with itself: leave its own logit out of the maximum.": (
            logits.amax(dim=1) + raw
        ),
        "that is the raw logit: add the greatest logit among the others.": raw,
    }
    return about_loss(my_margin(logits, targets), margin(logits, targets), wrong)


@spoken
def check_direction(my_direction: Callable[[Tensor, Tensor], Tensor]) -> str | None:
    """Exercise 2: where to walk, by labels alone."""
    random = Generator().manual_seed(0)
    directions = normalize(torch.randn(6, 40, 3, generator=random), dim=2)
    inside = torch.rand(6, 40, generator=random) < 0.8
    right, mine = away_from_boundary(directions, inside), my_direction(directions, inside)
    signs = inside.float() - (~inside).float()
    wrong = {
        "that walks out of the class: turn the sign.": -right,
        "there are more points inside than outside: give both groups their mean, not their sum.": (
            _towards(signs, directions)
        ),
        "you go where the label holds: go away from where it does not as well.": _towards(inside.float(), directions),
    }
    rest = "take the mean of the directions that keep the label, less the mean of those that lose it."
    if mine.shape == (6, 3) and same(normalize(mine, dim=1), right, 1e-4):
        rest = "the direction is right, its length is not: normalise it to 1."
    return compared(mine, right, wrong, rest, shape="six places have a direction of three numbers each")


def _towards(weights: Tensor, directions: Tensor) -> Tensor:
    return normalize((weights[:, :, None] * directions).sum(dim=1), dim=1)
