"""Checks that speak: each looks at a learner's answer and prints one sentence that helps.

They raise only where answers are graded: with MIA_KIT_GRADE=1 in the environment.
"""

from __future__ import annotations

import os
from collections.abc import Callable


def speak(verdict: Callable[[], str | None]) -> None:
    """Print "Correct." or "Not yet: ..."; `verdict` gives None if the answer is right, else what is wrong with it.

    An error in the learner's own code is told as what is wrong, so that a notebook still runs to its end. With
    MIA_KIT_GRADE=1 a wrong answer raises AssertionError with the same sentence.
    """
    try:
        complaint = verdict()
    except Exception as problem:
        complaint = f"your code stopped with {type(problem).__name__}: {problem}"
    if complaint is not None and os.environ.get("MIA_KIT_GRADE") == "1":
        raise AssertionError(f"Not yet: {complaint}")
    print("Correct." if complaint is None else f"Not yet: {complaint}")
