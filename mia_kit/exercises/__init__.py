"""Checks that speak: each looks at a learner's answer and prints one sentence that helps. They never raise."""

from __future__ import annotations

from collections.abc import Callable


def speak(verdict: Callable[[], str | None]) -> None:
    """Print "Correct." or "Not yet: ..."; `verdict` gives None if the answer is right, else what is wrong with it.

    An error in the learner's own code is told as what is wrong, so that a notebook still runs to its end.
    """
    try:
        complaint = verdict()
    except Exception as problem:
        complaint = f"your code stopped with {type(problem).__name__}: {problem}"
    print("Correct." if complaint is None else f"Not yet: {complaint}")
