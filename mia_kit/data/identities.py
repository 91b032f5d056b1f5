"""CelebA's list of identities: lines of a file name and a person's number."""

from __future__ import annotations

from pathlib import Path

from mia_kit.data.folders import DataError


def read_identities(path: Path) -> dict[str, int]:
    """File name -> number of the person. Raises DataError if the list is absent or a line is not one of it."""
    if not path.is_file():
        raise DataError(f"{path} is missing: get CelebA's list of identities and put it there.")
    people = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, _, number = line.partition(" ")
        if not number.strip().isdigit():
            raise DataError(f"{path} holds the line {line!r}, a file name and a number are expected: get it again.")
        people[name] = int(number)
    return people
