"""Checks for the exercises of notebook 08."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from mia_kit.attacks.losses import logit, margin, others_down
from mia_kit.exercises import speak
from mia_kit.exercises.losses import about_loss


def check_others_down(my_others_down: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Exercise 1: the mean of the other logits minus the target's."""

    def verdict() -> str | None:
        logits = 3 * torch.randn(6, 5, generator=Generator().manual_seed(0))
        targets = torch.tensor([0, 4, 2, 2, 1, 3])
        right, mine = others_down(logits, targets), my_others_down(logits, targets)
        mistakes = [
            (
                logits.mean(dim=1) + logit(logits, targets),
                "the target's own logit is in your mean: leave it out and divide by one less.",
            ),
            (margin(logits, targets), "that is the margin: it pushes one other class, the greatest. Push all of them."),
            (logit(logits, targets), "that is the raw logit: add the mean of the others."),
        ]
        return about_loss(mine, right, mistakes)

    speak(verdict)


def check_step(my_step: Callable[[Tensor, Tensor, float], Tensor]) -> None:
    """Exercise 2: one step of the gradient's sign, within the range of a picture."""

    def verdict() -> str | None:
        images = torch.tensor([0.0, 0.95, -0.99, 0.5]).view(1, 1, 2, 2)
        gradient = torch.tensor([1e-6, 3.0, -0.2, -5.0]).view(1, 1, 2, 2)
        right = torch.tensor([0.1, 1.0, -1.0, 0.4]).view(1, 1, 2, 2)
        mine = my_step(images, gradient, 0.1)
        if mine.shape != images.shape:
            return f"a picture stays a picture: the shape should be (1, 1, 2, 2), yours is {tuple(mine.shape)}."
        if torch.allclose(mine, right, atol=1e-5):
            return None
        if torch.allclose(mine, images + 0.1 * gradient.sign(), atol=1e-5):
            return "a pixel left the range from -1 to 1: no camera makes such a picture. Clamp it."
        if torch.allclose(mine, (images - 0.1 * gradient.sign()).clamp(-1, 1), atol=1e-5):
            return "you walk down: the attacker wants the loss of the right class to grow."
        if torch.allclose(mine, (images + 0.1 * gradient).clamp(-1, 1), atol=1e-5):
            return "a pixel with a small gradient hardly moves: each may change by the full size. Take the sign."
        return f"the first pixel should be 0.1, yours is {float(mine.flatten()[0]):.3f}."

    speak(verdict)
