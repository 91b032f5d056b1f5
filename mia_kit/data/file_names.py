"""Names of files as every computer takes them: macOS does not tell é from e with an accent, Windows drops end dots."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from mia_kit.data.folders import DataError


def composed(name: str) -> str:
    """The name in Unicode's composed form (NFC), which macOS may have taken apart."""
    return unicodedata.normalize("NFC", name)


def plain_name(name: str) -> str:
    """The composed name without dots and blanks at the end of a file or folder, which Windows drops."""
    return "/".join(part.rstrip(". ") or part for part in composed(name).split("/"))


def check_distinct(names: Iterable[str], where: object) -> None:
    """DataError if two of the names are one on some computers: one would hide the other there."""
    spelled: dict[str, str] = {}
    for name in names:
        other = spelled.setdefault(plain_name(name), name)
        if other is not name:
            raise DataError(f"{where} holds {other!a} and {name!a}, one name on some computers: rename or remove one.")
