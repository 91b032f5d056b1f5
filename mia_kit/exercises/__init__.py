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


def compared(
    mine: Any, right: Any, wrong: Mapping[str, Any], rest: str, *, shape: str = "one number", near: float = 1e-5
) -> str | None:
    """What is wrong with a number, array or Tensor that should be `right`, to `near`; or None.

    wrong : the sentence of each likely mistake, and what it gives: a value, or a tuple of values
    rest : the sentence for any other; its places are filled with the first number of `right` and of `mine`
    shape : what the numbers are, for who gives them in another shape
    """
    if np.shape(mine) != np.shape(right):
        return f"{shape}: the shape should be {tuple(np.shape(right))}, yours is {tuple(np.shape(mine))}."
    if same(mine, right, near):
        return None
    for words, values in wrong.items():
        if any(same(mine, value, near) for value in (values if isinstance(values, tuple) else (values,))):
            return words
    return rest.format(*(_numbers(each).flat[0] for each in (right, mine)))


def same(mine: Any, right: Any, near: float = 1e-5) -> bool:
    """Whether two numbers, arrays or Tensors of one shape are alike to `near`."""
    return np.allclose(_numbers(mine), _numbers(right), atol=near)


def about_loss(mine: Any, right: Any, wrong: Mapping[str, Any]) -> str | None:
    """What is wrong with an attacker's losses of six images, Tensors of shape (6,); `wrong` as for `compared`."""
    turned = {"the attacker minimises: the loss should fall when the target leads by more. Turn the sign.": -right}
    rest = "the first image should have {:.3f}, yours has {:.3f}."
    return compared(mine, right, {**turned, **wrong}, rest, shape="six images have six losses")


def _numbers(values: Any) -> np.ndarray:
    return np.asarray(values.detach() if hasattr(values, "detach") else values)
