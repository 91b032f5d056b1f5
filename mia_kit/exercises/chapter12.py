"""Checks for the exercises of notebook 12."""

from __future__ import annotations

import math
from collections.abc import Callable

from mia_kit.exercises import compared, spoken


@spoken
def check_images(my_images: Callable[[int, int, int], int]) -> str | None:
    """Exercise 1: images that an attack synthesises in its optimisation."""
    people, candidates, steps = 530, 200, 50
    wrong = {
        "that is how many candidates there are: each is synthesised anew in every step.": people * candidates,
        "each person has several candidates, and each of them takes all steps.": people * steps,
        "that is one person: everybody is attacked.": candidates * steps,
    }
    mine, rest = my_images(people, candidates, steps), "for FaceScrub's numbers it should be {:,}, yours is {:,}."
    return compared(mine, people * candidates * steps, wrong, rest)


@spoken
def check_hours(my_hours: Callable[[int, int, float, int], float]) -> str | None:
    """Exercise 2: hours until the last worker has finished its last piece."""
    piece, hours = 15, 2.0
    for people, workers in ((530, 8), (530, 7), (480, 8)):  # the last piece takes a turn of its own; no piece is short
        pieces = math.ceil(people / piece)
        wrong = {
            "a piece cannot be shared: round up how many there are, and how many turns the workers take.": (
                people / piece / workers * hours
            ),
            "in the last turn some workers stand idle, and it takes as long as the others: round the turns up.": (
                pieces / workers * hours
            ),
            "that is one worker alone.": pieces * hours,
        }
        given = f"{people} people, {piece} to a piece of 2 hours, {workers} workers"
        rest, mine = f"{given}: it should be {{:g}} hours, yours is {{:g}}.", my_hours(people, piece, hours, workers)
        if words := compared(mine, math.ceil(pieces / workers) * hours, wrong, rest):
            return words
    return None
