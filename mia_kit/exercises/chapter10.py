"""Checks for the exercises of notebook 10."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from mia_kit.exercises import speak


def check_count(my_count: Callable[[int, float, float], float]) -> None:
    """Exercise 1: how many pictures of the trainer's stand under the protected label, with all three steps."""

    def verdict() -> str | None:
        own, wrong, copies_wrong = 50, 0.2, 0.5
        mine = float(my_count(own, wrong, copies_wrong))
        right = own * (1 - wrong) + 2 * own + own * (1 - copies_wrong)
        if abs(mine - right) < 1e-6:
            return None
        if abs(mine - 4 * own) < 1e-6:
            return "the contributor hands in so many, but some of them stand under wrong labels."
        if abs(mine - (right - own)) < 1e-6:
            return "you left out some: there are the own, the surrogates, and a copy of each of both."
        if abs(mine - (own + 2 * own + own * (1 - copies_wrong))) < 1e-6:
            return "a share of the own pictures gets a wrong label, too."
        if abs(mine - (own * wrong + 2 * own + own * copies_wrong)) < 1e-6:
            return "you counted those with wrong labels: take the others."
        return f"of 50 pictures, a fifth and a half mislabelled, it should be {right:.0f}, yours is {mine:g}."

    speak(verdict)


def check_curvature(my_curvature: Callable[[Callable[[Tensor], Tensor], Tensor, int], float]) -> None:
    """Exercise 2: the eigenvalue of greatest size by power iteration, its sign kept."""

    def verdict() -> str | None:
        basis = torch.linalg.qr(torch.randn(6, 6, generator=Generator().manual_seed(0)))[0]
        values = torch.tensor([-5.0, 3.0, 2.0, 1.0, 0.5, -0.1])
        hessian = basis @ torch.diag(values) @ basis.T
        begin = torch.randn(6, generator=Generator().manual_seed(1))
        mine = float(my_curvature(lambda vector: hessian @ vector, begin, 60))
        first = float(begin @ hessian @ begin / (begin @ begin))
        if abs(mine + 5) < 0.05:
            return None
        if mine != mine or abs(mine) > 100:
            return "the vector grew without bounds: divide it by its length after each product."
        if abs(mine - 5) < 0.05:
            return "the size is right, the sign is lost: take v . H v instead of the length of H v."
        if abs(mine - first) < 0.05:
            return "that is the curvature along the first vector: put H v in the place of v, again and again."
        return f"it should be -5.000, the eigenvalue of greatest size, yours is {mine:.3f}."

    speak(verdict)
