"""Checks for the exercises of notebook 07."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from mia_kit.defences.mid import divergence
from mia_kit.exercises import speak


def check_clip(my_clip: Callable[[Tensor, float], Tensor]) -> None:
    """Exercise 1: each row shortened to a norm, and left alone if it is shorter."""

    def verdict() -> str | None:
        gradients = torch.tensor([[3.0, 4.0, 0.0], [0.1, 0.0, 0.2], [-6.0, 0.0, 8.0]])
        right = torch.tensor([[1.2, 1.6, 0.0], [0.1, 0.0, 0.2], [-1.2, 0.0, 1.6]])
        mine = my_clip(gradients, 2.0)
        if mine.shape != (3, 3):
            return f"three gradients stay three: the shape should be (3, 3), yours is {tuple(mine.shape)}."
        if torch.allclose(mine, right, atol=1e-5):
            return None
        if torch.allclose(mine, gradients * 2 / gradients.norm(dim=1, keepdim=True), atol=1e-4):
            return "the second gradient was short enough: clipping never makes one longer."
        if torch.allclose(mine, gradients.clamp(-2, 2), atol=1e-5):
            return "you cut each number: that turns the gradient. Shorten the whole row by one factor."
        if torch.allclose(mine, gradients * 2 / gradients.norm(), atol=1e-4):
            return "you took the norm of all gradients together: each picture has its own, and its own factor."
        return f"the first gradient should have length 2, yours has {float(mine[0].norm()):.3f}."

    speak(verdict)


def check_divergence(my_divergence: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Exercise 2: what MID pays for the code of a picture, in nats."""

    def verdict() -> str | None:
        random = Generator().manual_seed(0)
        mean, deviation = torch.randn(4, 3, generator=random), 0.2 + torch.rand(4, 3, generator=random)
        right, mine = divergence(mean, deviation), my_divergence(mean, deviation)
        if mine.shape != (4,):
            return f"four pictures have four prices: the shape should be (4,), yours is {tuple(mine.shape)}."
        if torch.allclose(mine, right, atol=1e-4):
            return None
        if torch.allclose(mine, right / 3, atol=1e-4):
            return "that is the mean over the numbers of the code: every number has its price, so add them up."
        if torch.allclose(mine, 2 * right, atol=1e-4):
            return "twice too much: there is a half before the bracket."
        without = 0.5 * (mean.square() + deviation.square() - 1).sum(dim=1)
        if torch.allclose(mine, without, atol=1e-4):
            return "a code without noise should cost infinitely much: the logarithm of the deviation is missing."
        return f"the first picture should pay {right[0]:.3f} nats, yours pays {mine[0]:.3f}."

    speak(verdict)
