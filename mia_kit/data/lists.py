"""Lists in text files: CelebA's identities, GTSRB's labels, LFW's pairs, FaceScrub's addresses."""

from __future__ import annotations

import codecs
from pathlib import Path

from mia_kit.data.folders import DataError


def read_lines(path: Path) -> list[str]:
    """The lines of a list in UTF-8, or in UTF-16 with the mark that editors of Windows put first."""
    try:
        content = path.read_bytes()
        marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = content.decode("utf-16" if marked else "utf-8-sig")
    except FileNotFoundError as problem:
        raise DataError(f"{path} is missing: get the list and put it there.") from problem
    except (OSError, UnicodeDecodeError) as problem:
        raise DataError(f"{path} cannot be read as a list ({problem}): get it again.") from problem
    # Not `splitlines`, which also parts addresses at characters that nobody means as the end of a line.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines if lines[-1] else lines[:-1]


def read_identities(path: Path) -> dict[str, int]:
    """CelebA's list: file name -> number of the person. Raises DataError if it is absent or a line is not one of it."""
    people = {}
    for line in read_lines(path):
        name, _, number = line.partition(" ")
        if not number.strip().isdecimal():
            raise DataError(f"{path} holds the line {line!a}, a file name and a number are expected: get it again.")
        people[name] = int(number)
    return people
