"""Checks for the exercises of notebook 06."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor

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


def check_queries(my_queries: Callable[[int, int, int, int, int], int]) -> None:
    """Exercise 2: images that a Plug & Play attack asks the target about."""

    def verdict() -> str | None:
        people, pool, candidates, steps, views = 530, 2000, 200, 50, 100
        walk = people * candidates * steps
        choice = people * candidates * views
        mine = my_queries(people, pool, candidates, steps, views)
        if mine == 2 * pool + walk + choice:
            return None
        if mine == pool + walk + choice:
            return "in the sampling the target is asked about each image and about its mirror image."
        if mine == people * 2 * pool + walk + choice:
            return "one pool serves all people: what the target says of an image has a confidence for each of them."
        if mine == 2 * pool + candidates * (steps + views):
            return "that is one person's walk and selection: there are several people."
        return f"for FaceScrub's numbers it should be {2 * pool + walk + choice:,}, yours is {mine:,}."

    speak(verdict)
