"""Checks for the exercises of notebook 13."""

from __future__ import annotations

from collections.abc import Callable

from mia_kit.exercises import spoken

Rule = Callable[[float, float, float, float, float, float], str]
# Estimate, ends of the 95 % and of the 90 % interval, d; the word; what to say to another one.
CASES: tuple[tuple[tuple[float, float, float, float, float, float], str, str], ...] = (
    ((0.30, 0.20, 0.40, 0.22, 0.38, 0.1), "reproduced", "an interval above 0 and an estimate of at least d reproduce"),
    ((0.07, 0.02, 0.12, 0.03, 0.11, 0.1), "weaker", "an interval above 0 with an estimate below d is weaker"),
    ((-0.30, -0.40, -0.20, -0.38, -0.22, 0.1), "contradicted", "an interval below 0 contradicts"),
    ((0.00, -0.05, 0.05, -0.04, 0.04, 0.1), "absent", "a 90 % interval within [-d, d] says nothing much is there"),
    ((0.04, 0.01, 0.07, 0.02, 0.06, 0.1), "absent", "what is surely there and surely too small to matter is absent"),
    ((-0.04, -0.07, -0.01, -0.06, -0.02, 0.1), "absent", "too small to matter is absent below 0 too"),
    ((0.03, -0.05, 0.11, -0.03, 0.09, 0.1), "absent", "'absent' asks the 90 % interval, not the 95 % one"),
    ((0.05, -0.10, 0.20, -0.08, 0.18, 0.1), "cannot tell", "an interval that holds 0 and more than d tells nothing"),
    ((0.10, 0.04, 0.16, 0.05, 0.15, 0.1), "reproduced", "the estimate has to reach d, not the end of its interval"),
    ((0.15, -0.01, 0.31, 0.02, 0.28, 0.1), "cannot tell", "'above 0' asks the 95 % interval, not the 90 % one"),
    ((-0.05, -0.20, 0.10, -0.18, 0.08, 0.1), "cannot tell", "an estimate below 0 contradicts with its interval alone"),
)


@spoken
def check_word(my_word: Rule) -> str | None:
    """Exercise 1: the word of a finding that something lies above, from its estimate, its intervals and d."""
    for numbers, right, words in CASES:
        if (mine := my_word(*numbers)) != right:
            estimate, low, high, low_90, high_90, smallest = numbers
            given = f"{estimate} [{low}, {high}], 90 % [{low_90}, {high_90}], d {smallest}"
            return f"{words}: yours says {mine!r} for {given}."
    return None


@spoken
def check_by_chance(my_chance: Callable[[int, float], float]) -> str | None:
    """Exercise 2: the chance that at least one of n true nulls passes a test of level alpha."""
    for tests, level in ((1, 0.05), (14, 0.05), (49, 0.01)):
        right, mine = 1 - (1 - level) ** tests, my_chance(tests, level)
        if abs(mine - tests * level) < 1e-9 and abs(right - mine) > 1e-6:
            return "the sum of the chances counts twice where two pass at once: what is the chance that none does?"
        if abs(mine - right) > 1e-6:
            return f"for {tests} tests at {level} it should be {right:.4f}, yours is {mine:.4f}."
    return None
