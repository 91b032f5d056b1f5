"""What the checks of an attacker's loss share: the shape, the sign, likely mistakes, the first number that is wrong."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def about_loss(mine: Tensor, right: Tensor, mistakes: Sequence[tuple[Tensor, str]]) -> str | None:
    """One sentence about a learner's losses of six images; None if they are right.

    `mistakes` are losses that a likely mistake gives, each with its sentence; all Tensors have the shape (6,).
    """
    if mine.shape != (6,):
        return f"six images have six losses: the shape should be (6,), yours is {tuple(mine.shape)}."
    if torch.allclose(mine, right, atol=1e-5):
        return None
    if torch.allclose(mine, -right, atol=1e-5):
        return "the attacker minimises: the loss should fall when the target leads by more. Turn the sign."
    for mistaken, sentence in mistakes:
        if torch.allclose(mine, mistaken, atol=1e-5):
            return sentence
    return f"the first image should have {right[0]:.3f}, yours has {mine[0]:.3f}."
