"""Checks for the exercises of notebook 14."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mia_kit.exercises import spoken

Point = tuple[float, int]  # accuracy, and how many people the attack brought back


@spoken
def check_frontier(my_frontier: Callable[[Mapping[str, Point]], list[str]]) -> str | None:
    """Exercise 1: the teams that no other beats."""
    points = {"g": (0.7, 6), "a": (0.9, 12), "b": (0.8, 6), "c": (0.7, 9), "d": (0.8, 7), "e": (0.1, 0), "f": (0.9, 12)}
    names = set(my_frontier(points))
    if names == {"a", "b", "e", "f"}:
        return None
    if not {"a", "f"} & names:
        return "nobody beats a or f: they are equal, and to beat is to be better in something."
    if "e" not in names:
        return "e leaks nothing: nobody beats it, useless as it is. The frontier does not say which point to choose."
    if "c" in names:
        return "c is less accurate than b and leaks more: b beats it."
    if "d" in names:
        return "d is as accurate as b and leaks more: b beats it."
    if "g" in names:
        return "g leaks as much as b and is less accurate: b beats it, though it stands before b."
    return f"a, b, e and f should stay, yours are {', '.join(sorted(names)) or 'nobody'}."


@spoken
def check_better(mine: Point, first: Point) -> str | None:
    """Exercise 2: at least as accurate as the first try, at most as many people, and better in one of the two."""
    if mine[1] > first[1]:
        return f"red finds {mine[1]} people in your model and {first[1]} in the first try."
    if mine[0] < first[0]:
        return f"your model is right on {mine[0]:.0%}, the first try on {first[0]:.0%}: it hides people by naming few."
    if mine == first:
        return "your model is exactly as good as the first try: change the defence or its strength."
    return None
