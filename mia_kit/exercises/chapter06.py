"""Checks for the exercises of notebook 06."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor
from torch.nn.functional import normalize

from mia_kit.attacks.brep import away_from_boundary
from mia_kit.attacks.losses import logit, margin
from mia_kit.exercises import speak
from mia_kit.exercises.losses import about_loss


def check_margin(my_margin: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Exercise 1: the greatest other logit minus the target's."""

    def verdict() -> str | None:
        logits = 3 * torch.randn(6, 5, generator=Generator().manual_seed(0))
        targets = logits.argmax(dim=1)
        targets[3:] = logits.argmin(dim=1)[3:]  # half of them lead, half come last
        right, mine = margin(logits, targets), my_margin(logits, targets)
        mistakes = [
            (
                logits.amax(dim=1) + logit(logits, targets),
                "where the target leads you compare it with itself: leave its own logit out of the maximum.",
            ),
            (logit(logits, targets), "that is the raw logit: add the greatest logit among the others."),
        ]
        return about_loss(mine, right, mistakes)

    speak(verdict)


def check_direction(my_direction: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Exercise 2: where to walk, by labels alone."""

    def verdict() -> str | None:
        random = Generator().manual_seed(0)
        directions = normalize(torch.randn(6, 40, 3, generator=random), dim=2)
        inside = torch.rand(6, 40, generator=random) < 0.8
        right, mine = away_from_boundary(directions, inside), my_direction(directions, inside)
        if mine.shape != (6, 3):
            return f"six places have a direction of three numbers each: expected (6, 3), yours is {tuple(mine.shape)}."
        if torch.allclose(mine, right, atol=1e-5):
            return None
        if torch.allclose(mine, -right, atol=1e-5):
            return "that walks out of the class: turn the sign."
        if torch.allclose(normalize(mine, dim=1), right, atol=1e-4):
            return "the direction is right, its length is not: normalise it to 1."
        signs = inside.float() - (~inside).float()
        if torch.allclose(mine, _towards(signs, directions), atol=1e-5):
            return "there are more points inside than outside: give both groups their mean, not their sum."
        if torch.allclose(mine, _towards(inside.float(), directions), atol=1e-5):
            return "you go where the label holds: go away from where it does not as well."
        return "take the mean of the directions that keep the label, less the mean of those that lose it."

    speak(verdict)


def _towards(weights: Tensor, directions: Tensor) -> Tensor:
    return normalize((weights[:, :, None] * directions).sum(dim=1), dim=1)
