"""Checks that speak: each looks at a learner's answer and prints one sentence that helps. They never raise."""

from __future__ import annotations

from collections.abc import Callable


def speak(verdict: Callable[[], str | None]) -> bool:
    """Print "Correct." or "Not yet: ..." and return which; `verdict` gives None if right, else what is wrong.

    An error in the learner's own code is told as what is wrong, so that a notebook still runs to its end.
    """
    try:
        complaint = verdict()
    except Exception as problem:
        complaint = f"your code stopped with {type(problem).__name__}: {problem}"
    print("Correct." if complaint is None else f"Not yet: {complaint}")
    return complaint is None
