"""Folders of people, `<root>/<person>/<picture>.jpg`: the layout of LFW, FaceScrub and of the unpacked archives."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mia_kit.data.decoding import decode, fingerprint
from mia_kit.data.file_names import check_distinct, composed, plain_name
from mia_kit.data.folders import DataError
from mia_kit.data.image_set import DataCard, ImageSet
from mia_kit.data.reading import SUFFIXES
from mia_kit.terminal import printable

# Folders of pictures that macOS puts into archives, with half of each file. What begins with a dot is hidden.
LITTER = ("__MACOSX",)
# What telephones write, and nothing here reads: to pass over them would leave people out in silence.
UNREAD = (".heic", ".heif", ".avif")


def read_people(
    root: Path, card: str, *, size: int | tuple[int, int], key: str | None = None, pattern: str | None = None
) -> ImageSet:
    """All people below `root`, in alphabetical order, one class each; a class is named after its folder.

    Hidden files and folders, and what operating systems leave behind, are passed over. `key` names the content for the
    cache; by default the names, lengths and times of the files. `pattern` is a regular expression that the name of each
    picture must match, `{person}` standing for the folder's name. DataError for all that does not fit.
    """
    if not root.is_dir():
        raise DataError(f"The folder {root} is missing: put the folders of people there, or correct MIA_KIT_DATA.")
    people = [folder for folder in _visible(root) if folder.is_dir()]
    if not people:
        raise DataError(f"{root} should hold one folder for each person, got none: get the data set again.")
    pictures = [_pictures(person, pattern) for person in people]
    paths = [path for of_person in pictures for path in of_person]
    return ImageSet(
        decode(paths, size, key=key or fingerprint(paths)),
        np.repeat(np.arange(len(people), dtype=np.int64), [len(of_person) for of_person in pictures]),
        tuple(printable(composed(person.name).replace("_", " ")) for person in people),
        DataCard.read(card),
        files=names_below(root, paths),
    )


def names_below(root: Path, paths: Sequence[Path]) -> tuple[str, ...]:
    """The paths as ImageSet keeps them: relative to the root, with forward slashes, the same on every computer."""
    return tuple(composed(path.relative_to(root).as_posix()) for path in paths)


def pictures_in(folder: Path) -> list[Path]:
    """The picture files of one folder, sorted by name; none if the folder is absent.

    DataError for a picture of a kind that is not read, and for two names that are one on some computers.
    """
    files = _visible(folder) if folder.is_dir() else []
    if unread := [path for path in files if path.suffix.lower() in UNREAD]:
        raise DataError(f"{unread[0]} is of a kind that is not read: save it as JPEG or PNG, or remove it.")
    return [path for path in files if path.suffix.lower() in SUFFIXES and path.is_file()]


def _visible(folder: Path) -> list[Path]:
    """All that is in a folder and not hidden, in the same order on every computer."""
    paths = [path for path in folder.iterdir() if not path.name.startswith(".") and path.name not in LITTER]
    check_distinct((path.name for path in paths), folder)
    return sorted(paths, key=lambda path: composed(path.name))


def _pictures(person: Path, pattern: str | None) -> list[Path]:
    paths = pictures_in(person)
    if not paths:
        raise DataError(f"{person} holds no pictures: get the data set again, or remove this folder.")
    # A folder may have lost the dot at the end of its name.
    expected = (pattern or ".*").replace("{person}", re.escape(plain_name(person.name)) + "[. ]*")
    if wrong := [path for path in paths if not re.fullmatch(expected, composed(path.name))]:
        raise DataError(f"{wrong[0]} should be named as {expected}: correct or move it.")
    return paths
