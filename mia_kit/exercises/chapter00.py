"""Check for the exercise of notebook 00."""

from __future__ import annotations

from mia_kit.exercises import speak


def check_attacker(answer: str) -> None:
    """What the attacker of the demonstration must hold."""

    def verdict() -> str | None:
        if answer == "the network":
            return None
        if answer in ("the training points", "the labels of the training points"):
            return f"he never sees {answer}; look at what `invert` is given."
        return "choose one of the three answers, as text."

    speak(verdict)
