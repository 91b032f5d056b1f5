"""Checks for the exercises of notebook 04."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from mia_kit.exercises import speak


def check_turns(my_turns: Callable[[np.ndarray], np.ndarray]) -> None:
    """Exercise 1: the cosine between each gradient and the one before."""

    def verdict() -> str | None:
        gradients = np.random.default_rng(0).normal(size=(6, 4)) * np.arange(1, 7)[:, None]
        lengths = np.linalg.norm(gradients, axis=1)
        dots = (gradients[1:] * gradients[:-1]).sum(axis=1)
        right = dots / (lengths[1:] * lengths[:-1])
        mine = np.asarray(my_turns(gradients), dtype=float)
        if mine.shape != (5,):
            return f"six gradients have five turns between them: the shape should be (5,), yours is {mine.shape}."
        if np.allclose(mine, right):
            return None
        if np.allclose(mine, dots):
            return "that is the product: divide by both lengths, else a long gradient counts as a straight one."
        if np.allclose(mine, dots / lengths[1:] ** 2) or np.allclose(mine, dots / lengths[:-1] ** 2):
            return "you divide by the square of one length: take the product of both."
        if np.allclose(mine, 1 - right):
            return "that is the cosine distance: the cosine itself is 1 less it."
        return f"the first should be {right[0]:.3f}, yours is {mine[0]:.3f}."

    speak(verdict)


def check_swap(my_swap: Mapping[str, float]) -> None:
    """Exercise 2: which targets do the stages if only the selection is put to the test at +0.1."""

    def verdict() -> str | None:
        if set(my_swap) != {"sampling", "optimisation", "selection"}:
            return "name all three stages: sampling, optimisation and selection."
        if dict(my_swap) == {"sampling": 0.0, "optimisation": 0.0, "selection": 0.1}:
            return None
        if my_swap["selection"] != 0.1:
            return "the stage under test must be done with the target at +0.1."
        return "only one stage may differ from the usual attack, or you cannot say which one made the change."

    speak(verdict)
