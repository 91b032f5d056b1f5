"""Checks for the exercises of notebook 12."""

from __future__ import annotations

import math
from collections.abc import Callable

from mia_kit.exercises import speak


def check_images(my_images: Callable[[int, int, int], int]) -> None:
    """Exercise 1: images that an attack synthesises in its optimisation."""

    def verdict() -> str | None:
        people, candidates, steps = 530, 200, 50
        right, mine = people * candidates * steps, my_images(people, candidates, steps)
        if mine == right:
            return None
        if mine == people * candidates:
            return "that is how many candidates there are: each is synthesised anew in every step."
        if mine == people * steps:
            return "each person has several candidates, and each of them takes all steps."
        if mine == candidates * steps:
            return "that is one person: everybody is attacked."
        return f"for FaceScrub's numbers it should be {right:,}, yours is {mine:,}."

    speak(verdict)


def check_hours(my_hours: Callable[[int, int, float, int], float]) -> None:
    """Exercise 2: hours until the last worker has finished its last piece."""

    def verdict() -> str | None:
        people, piece, hours, workers = 530, 15, 2.0, 8
        pieces = math.ceil(people / piece)
        right, mine = math.ceil(pieces / workers) * hours, my_hours(people, piece, hours, workers)
        if math.isclose(mine, right):
            return None
        if math.isclose(mine, people / piece / workers * hours):
            return "a piece cannot be shared: round up how many there are, and how many turns the workers take."
        if math.isclose(mine, pieces / workers * hours):
            return "in the last turn some workers stand idle, and it takes as long as the others: round the turns up."
        if math.isclose(mine, pieces * hours):
            return "that is one worker alone."
        return f"530 people, 15 to a piece of 2 hours, 8 workers: it should be {right:g} hours, yours is {mine:g}."

    speak(verdict)
