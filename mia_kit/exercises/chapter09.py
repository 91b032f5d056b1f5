"""Checks for the exercises of notebook 09."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from mia_kit.exercises import speak


def check_serve(my_serve: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Exercise 1: a disturbed confidence vector that is still one, with the label it had."""

    def verdict() -> str | None:
        clean, disturbance = _trial()
        served = my_serve(clean, disturbance)
        if served.shape != clean.shape:
            return f"six vectors of four classes should come back, yours have the shape {tuple(served.shape)}."
        if float(served.min()) < 0:
            return "an entry is negative: no service answers with a negative confidence."
        if not torch.allclose(served.sum(dim=1), torch.ones(len(clean)), atol=1e-5):
            return "the entries of a vector should sum to 1: divide by their sum at the very end."
        lost = served.argmax(dim=1) != clean.argmax(dim=1)
        if lost.any():
            return f"{int(lost.sum())} of {len(clean)} vectors have another label: no entry may pass the label's own."
        raw = clean + disturbance
        if torch.allclose(served, clean, atol=1e-6):
            return "that is the clean vector, which protects nobody."
        if not torch.allclose(served[0], raw[0] / raw[0].sum(), atol=1e-3):
            return "the first vector needs nothing but division by its sum, and you have changed it."
        return None

    speak(verdict)


def check_alignment(my_alignment: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Exercise 2: 1 - cosine of two gradients."""

    def verdict() -> str | None:
        generator = Generator().manual_seed(0)
        target, image = torch.randn(2, 50, generator=generator)
        right = float(1 - torch.nn.functional.cosine_similarity(target, image, dim=0))
        mine = float(my_alignment(target, image))
        if abs(mine - right) < 1e-4:
            return None
        if abs(mine - (2 - right)) < 1e-4:
            return "the loss should fall when the gradients point the same way: turn the sign of the cosine."
        if abs(mine - (1 - right)) < 1e-4:
            return "that is the cosine: the loss is 1 less the cosine, 0 for gradients that point the same way."
        if abs(float(my_alignment(target, 10 * image)) - mine) > 1e-4:
            return "a longer gradient that points the same way should give the same loss: divide by both lengths."
        return f"for the trial gradients it should be {right:.3f}, yours is {mine:.3f}."

    speak(verdict)


def _trial() -> tuple[Tensor, Tensor]:
    """Six vectors and disturbances: the first harmless, others with negative entries or another greatest one."""
    clean = torch.tensor([[0.7, 0.1, 0.1, 0.1], [0.4, 0.35, 0.2, 0.05], [0.02, 0.9, 0.05, 0.03]]).repeat(2, 1)
    disturbance = torch.tensor(
        [
            [0.0, 0.05, 0.0, 0.0],
            [-0.1, 0.2, 0.0, 0.0],
            [-0.1, -0.3, 0.4, 0.0],
            [0.1, -0.2, 0.1, 0.0],
            [-0.2, 0.0, 0.0, 0.5],
            [0.9, -0.1, 0.0, 0.0],
        ]
    )
    return clean, disturbance
