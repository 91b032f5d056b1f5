"""What a command prints: text of others cannot direct a terminal, and no sign stops a terminal that lacks it."""

from __future__ import annotations

import codecs
import io
import sys
import unicodedata
from collections.abc import Callable
from typing import NoReturn, TextIO

# Signs of our own texts that old terminals lack.
SPELT = {"—": "-", "–": "-", "−": "-", "·": "-", "×": "x", "±": "+/-", "≤": "<=", "≥": ">=", "’": "'", "…": "..."}


def printable(text: object, most: int | None = None) -> str:
    """`text` on one line, cut to `most` characters. "?" stands for each sign that a terminal would obey or not show.

    Such are escape sequences, a turned direction of writing and halves of characters. White space becomes a space.
    """
    line = "".join(sign if sign.isprintable() else " " if sign.isspace() else "?" for sign in str(text))
    return line if most is None or len(line) <= most else f"{line[: most - 3]}..."


def say(text: str, stream: TextIO | None = None) -> None:
    """Print each line of `text` as `printable` makes it, to stdout by default."""
    print("\n".join(printable(line) for line in text.split("\n")), file=stream)


def spell_out() -> None:
    """Let stdout and stderr spell what their encoding lacks: +/- for ±, e for é, ? for what has no spelling."""
    codecs.register_error("spelt", _spelt)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="spelt")


def _spelt(problem: UnicodeError) -> tuple[str, int]:
    if not isinstance(problem, UnicodeEncodeError):
        raise problem
    return "".join(map(_in_ascii, problem.object[problem.start : problem.end])), problem.end


def _in_ascii(sign: str) -> str:
    letter = unicodedata.normalize("NFD", sign)[0]  # without its accents; only letters bear that: ≠ would become =
    return SPELT.get(sign) or (letter if letter.isascii() and letter.isalpha() else "?")


def script(main: Callable[[], object]) -> NoReturn:
    """Run the `main` of a script and end: in one plain line where something foreseen goes wrong, and on Ctrl-C."""
    spell_out()
    try:
        main()
    except (OSError, RuntimeError, ValueError) as problem:
        say(printable(problem), sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        say("stopped; what is there is kept", sys.stderr)
        sys.exit(130)
    sys.exit(0)
