"""Checks for the exercises of notebook 04."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from mia_kit.exercises import compared, spoken


@spoken
def check_turns(my_turns: Callable[[np.ndarray], np.ndarray]) -> str | None:
    """Exercise 1: the cosine between each gradient and the one before."""
    gradients = np.random.default_rng(0).normal(size=(6, 4)) * np.arange(1, 7)[:, None]
    lengths = np.linalg.norm(gradients, axis=1)
    dots = (gradients[1:] * gradients[:-1]).sum(axis=1)
    right, squared = dots / (lengths[1:] * lengths[:-1]), (dots / lengths[1:] ** 2, dots / lengths[:-1] ** 2)
    wrong = {
        "you divide by the square of one length: take the product of both.": squared,
        "that is the product: divide by both lengths, else a long gradient counts as a straight one.": dots,
        "that is the cosine distance: the cosine itself is 1 less it.": 1 - right,
    }
    rest, shape = "the first should be {:.3f}, yours is {:.3f}.", "six gradients have five turns between them"
    return compared(my_turns(gradients), right, wrong, rest, shape=shape)


@spoken
def check_swap(my_swap: Mapping[str, float]) -> str | None:
    """Exercise 2: which targets do the stages if only the selection is put to the test at +0.1."""
    if set(my_swap) != {"sampling", "optimisation", "selection"}:
        return "name all three stages: sampling, optimisation and selection."
    if my_swap["selection"] != 0.1:
        return "the stage under test must be done with the target at +0.1."
    if my_swap["sampling"] or my_swap["optimisation"]:
        return "only one stage may differ from the usual attack, or you cannot say which one made the change."
    return None
