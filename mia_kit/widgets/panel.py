"""A widget without a kernel: what it shows for every place of its sliders, kept with the notebook.

When notebooks are executed for commit a widget is driven through all its places, and leaves what it showed instead of
itself. The pages of `mia-kit site` draw that with a few lines of script; a notebook that is opened and not run
shows it as it is before the first drag.
"""

from __future__ import annotations

from dataclasses import dataclass

MIME = "application/vnd.mia-kit.panel+json"
LAB_MIME = "application/vnd.mia-kit.lab+json"  # the laboratory of chapter 1, which needs no record: its state line
FACES_MIME = "application/vnd.mia-kit.faces+json"  # the laboratory of faces: its state line
MOVED = ("x", "y", "source")  # what of a trace can move: its coordinates, or its picture
SENTENCE = "As it is before the first drag. To drag it, run the notebook's cells from the top."


@dataclass(frozen=True)
class Guess:
    """A question with its answers: until one is chosen the sliders stay locked, and the choice stays in sight."""

    question: str
    answers: tuple[str, ...]
