"""Checks for the exercises of notebook 03."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Generator, Tensor

from mia_kit.exercises import speak
from mia_kit.models import same_person_threshold

Access = Callable[[Tensor], Tensor]


def check_score(my_score: Callable[[Access, Tensor, int], Tensor]) -> None:
    """Exercise 1: mean confidence over each picture and its mirror image."""

    def verdict() -> str | None:
        images = torch.randn(6, 1, 5, 4, generator=Generator().manual_seed(0))
        plain, mirrored = (_confidences(views)[:, 2] for views in (images, images.flip(3)))
        mine = my_score(_confidences, images, 2)
        if mine.shape != (6,):
            return f"six pictures have six scores: the shape should be (6,), yours is {tuple(mine.shape)}."
        if torch.allclose(mine, (plain + mirrored) / 2, atol=1e-5):
            return None
        if torch.allclose(mine, plain, atol=1e-5):
            return "that is the confidence in the pictures as they are: ask about their mirror images too."
        if torch.allclose(mine, plain + mirrored, atol=1e-5):
            return "you have the sum: a mean divides by 2."
        if torch.allclose(mine, torch.maximum(plain, mirrored), atol=1e-5):
            return "the greater of the two rewards a picture for one lucky view: take the mean."
        if torch.allclose(mine, (plain + _confidences(images.flip(2))[:, 2]) / 2, atol=1e-5):
            return "you stood the face on its head: images are (n, channels, h, w), mirror along dimension 3."
        return f"the first picture should score {(plain + mirrored)[0] / 2:.3f}, yours scores {mine[0]:.3f}."

    speak(verdict)


def check_verified_share(my_share: Callable[[np.ndarray, np.ndarray], float]) -> None:
    """Exercise 2: the share nearer than all but a hundredth of strangers."""

    def verdict() -> str | None:
        draw = np.random.default_rng(0)
        strangers = draw.normal(10, 2, size=500)
        distances = draw.normal(same_person_threshold(0.01, strangers), 1, size=40)
        # Whoever interpolates the threshold a little differently must get the same share.
        distances = distances[np.abs(distances - same_person_threshold(0.01, strangers)) > 0.15]
        right = float((distances < same_person_threshold(0.01, strangers)).mean())
        mine = float(my_share(distances, strangers))
        if abs(mine - right) < 1e-9:
            return None
        if abs(mine - (1 - right)) < 1e-9:
            return "you counted those that are farther away: near means a small distance."
        if abs(mine - float((distances < np.quantile(strangers, 0.99)).mean())) < 1e-9:
            return "your threshold lets 99 strangers in a hundred pass: it should let one pass."
        if abs(mine - float((distances < strangers.min()).mean())) < 1e-9:
            return "no stranger at all may pass at yours: one in a hundred may, so take a quantile."
        return f"on a trial set {right:.3f} are verified, yours gives {mine:.3f}."

    speak(verdict)


def _confidences(images: Tensor) -> Tensor:
    """A stand-in for a target: three classes, different for each side of a picture."""
    weights = torch.randn(20, 3, generator=Generator().manual_seed(1))
    return (images.flatten(1) @ weights).softmax(dim=1)
