"""Checks for the exercises of notebook 13."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mia_kit.exercises import speak

Rule = Callable[[float, float, Sequence[float]], bool]


def check_counts(my_counts: Rule) -> None:
    """Exercise 1: a difference counts if its interval leaves out 0 and all seeds agree on its sign."""
    cases: list[tuple[float, float, list[float], bool, str]] = [
        (0.01, 0.09, [0.04, 0.06, 0.05], True, "an interval above 0 and three seeds above 0 count"),
        (-0.09, -0.01, [-0.04, -0.06, -0.05], True, "so do an interval and three seeds below 0"),
        (-0.01, 0.09, [0.04, 0.06, 0.02], False, "an interval that holds 0 does not count, whatever the seeds say"),
        (0.01, 0.09, [0.12, 0.06, -0.03], False, "where one seed goes the other way it does not count"),
        (-0.09, -0.01, [-0.12, -0.06, 0.03], False, "where one seed goes the other way it does not count, below 0 too"),
    ]

    def verdict() -> str | None:
        for low, high, seeds, right, words in cases:
            if bool(my_counts(low, high, seeds)) is not right:
                return f"{words}: yours says {not right} for [{low}, {high}] and seeds {seeds}."
        return None

    speak(verdict)


def check_by_chance(my_chance: Callable[[int, float], float]) -> None:
    """Exercise 2: the chance that at least one of n true nulls passes a test of level alpha."""

    def verdict() -> str | None:
        for tests, level in ((1, 0.05), (14, 0.05), (49, 0.01)):
            right, mine = 1 - (1 - level) ** tests, my_chance(tests, level)
            if abs(mine - tests * level) < 1e-9 and abs(right - mine) > 1e-6:
                return "the sum of the chances counts twice where two pass at once: what is the chance that none does?"
            if abs(mine - right) > 1e-6:
                return f"for {tests} tests at {level} it should be {right:.4f}, yours is {mine:.4f}."
        return None

    speak(verdict)
