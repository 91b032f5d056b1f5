"""Checks that speak: each looks at a learner's answer and prints one sentence that helps.

They raise only where answers are graded: with MIA_KIT_GRADE=1 in the environment.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec

import numpy as np

Answer = ParamSpec("Answer")


def spoken(verdict: Callable[Answer, str | None]) -> Callable[Answer, None]:
    """The check that prints "Correct." or "Not yet: ..."; `verdict` gives what is wrong with an answer, or None.

    An error in the learner's own code is told as what is wrong, so that a notebook still runs to its end. With
    MIA_KIT_GRADE=1 a wrong answer raises AssertionError with the same sentence.
    """

    @wraps(verdict)
    def check(*answer: Answer.args, **named: Answer.kwargs) -> None:
        try:
            complaint = verdict(*answer, **named)
        except Exception as problem:
            complaint = f"your code stopped with {type(problem).__name__}: {problem}"
        if complaint is not None and os.environ.get("MIA_KIT_GRADE") == "1":
            raise AssertionError(f"Not yet: {complaint}")
        print("Correct." if complaint is None else f"Not yet: {complaint}")

    return check


def mistake(mine: Any, wrong: Mapping[str, Any], near: float = 1e-5) -> str | None:
    """The sentence of the likely mistake that gives what the learner has: numbers or Tensors, to `near`; or None."""
    return next((words for words, value in wrong.items() if same(mine, value, near)), None)


def same(mine: Any, right: Any, near: float = 1e-5) -> bool:
    """Whether two numbers, arrays or Tensors of one shape are alike to `near`."""
    first, second = (np.asarray(each.detach() if hasattr(each, "detach") else each) for each in (mine, right))
    return np.allclose(first, second, atol=near)


def about_loss(mine: Any, right: Any, wrong: Mapping[str, Any]) -> str | None:
    """What is wrong with an attacker's losses of six images, Tensors of shape (6,); `wrong` as for `mistake`."""
    if mine.shape != (6,):
        return f"six images have six losses: the shape should be (6,), yours is {tuple(mine.shape)}."
    turned = {"the attacker minimises: the loss should fall when the target leads by more. Turn the sign.": -right}
    if same(mine, right):
        return None
    return mistake(mine, {**turned, **wrong}) or f"the first image should have {right[0]:.3f}, yours has {mine[0]:.3f}."
