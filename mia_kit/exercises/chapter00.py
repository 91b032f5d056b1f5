"""Checks for the exercises of notebook 00."""

from __future__ import annotations

from collections.abc import Callable

from torch import Generator, Tensor, cdist, randn

from mia_kit.exercises import compared, spoken


@spoken
def check_attacker(answer: str) -> str | None:
    """What the attacker of the demonstration must hold."""
    if answer in ("the training points", "the labels of the training points"):
        return f"they never see {answer}; look at what `invert` is given."
    return None if answer == "the network" else "choose one of the three answers, as text."


@spoken
def check_distance(my_distance: Callable[[Tensor, Tensor], Tensor]) -> str | None:
    """Exercise 2: the distance to the nearest point."""
    random = Generator().manual_seed(0)
    for count in (1, 3, 50):
        end, points = randn(2, generator=random), 3 * randn(count, 2, generator=random) + 5
        distances = cdist(end[None], points)[0]
        wrong = {
            "to the middle of the points": (points.mean(dim=0) - end).norm(),
            "to all points on average": distances.mean(),
            "to the farthest point": distances.max(),
        }
        sentences = {f"that is the distance {words}; the nearest is wanted.": value for words, value in wrong.items()}
        rest = f"of {count} points the nearest is {{:.3f}} away, yours gives {{:.3f}}."
        if words := compared(float(my_distance(end, points)), distances.min(), sentences, rest, near=1e-4):
            return words
    return None
