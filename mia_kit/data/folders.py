"""Where files are looked for and how they are written whole, and the error that says what to do when that fails."""

from __future__ import annotations

import errno
import importlib.util
import json
import os
import secrets
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any


class DataError(OSError):
    """A data set is absent or damaged; the message is one sentence that says what to do."""


def data_folders() -> tuple[Path, ...]:
    """Where data are looked for, in this order: the folders of `MIA_KIT_DATA`, then `mia_kit` in the platform's cache.

    `MIA_KIT_DATA` may name several, separated as in PATH. DataError if one is no folder, or there is neither a variable
    nor a home.
    """
    named = [Path(os.path.expanduser(part)) for part in os.environ.get("MIA_KIT_DATA", "").split(os.pathsep) if part]
    if absent := [folder for folder in named if not os.path.isdir(folder)]:
        raise DataError(f"MIA_KIT_DATA names {absent[0]}, which is not a folder: create it, correct it or unset it.")
    try:
        return tuple(dict.fromkeys([*named, cache_folder()]))
    except DataError:
        if not named:
            raise
        return tuple(named)


def locate(*places: str) -> Path | None:
    """The first of these files or folders, such as "celeba/identity_CelebA.txt", in the first data folder with one."""
    paths = (folder / place for folder in data_folders() for place in places)
    return next((path for path in paths if os.path.exists(path)), None)


def located(*places: str, remedy: str = "put it into one of them.") -> Path:
    """As `locate`. Raises DataError if no data folder has one: says where was looked, and the remedy."""
    path = locate(*places)
    if path is None:
        raise DataError(f"{places[0]} is missing: looked in {', '.join(map(str, data_folders()))}; {remedy}")
    return path


def fetch_folder() -> Path:
    """The first data folder that can be written: what is fetched goes there. DataError if none can."""
    folders = data_folders()
    for folder in folders:
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            check_output(folder / "new")
            return folder
    raise DataError(f"None of {', '.join(map(str, folders))} can be written: set MIA_KIT_DATA to a folder of your own.")


def cache_folder() -> Path:
    """The folder for files that can be made again: `mia_kit` in the platform's cache folder. It need not exist."""
    try:
        return _platform_cache() / "mia_kit"
    except RuntimeError as problem:
        sentence = "This account has no home folder, so there is no cache: set XDG_CACHE_HOME to a folder of your own."
        raise DataError(sentence) from problem


def package_folder(package: str, requirement: str) -> Path:
    """The folder of an installed package, found without importing it; DataError with pip's `requirement` if absent."""
    specification = importlib.util.find_spec(package)
    if specification is None or not specification.submodule_search_locations:
        raise DataError(f'The package {package} is missing: run  python -m pip install "{requirement}"  and try again.')
    return Path(specification.submodule_search_locations[0])


def read_json(path: Path, remedy: str) -> Any:
    """What a JSON file holds. ValueError with one sentence that ends in the remedy if it is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as problem:
        raise ValueError(f"{path} is damaged ({problem}): {remedy}") from problem


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Write a file so that a kill or a full disk leaves what was there before, and maybe `<name>.*.part` beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:  # with the rights of any new file, which a temporary one has not
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_data(path: Path, content: bytes) -> None:
    """As `write_whole`. DataError, which says what to do, if the disk is full or the file may not be written."""
    try:
        write_whole(path, content)
    except OSError as problem:
        raise write_error(path, problem) from problem


def check_output(path: Path, remedy: str = "name another place.") -> None:
    """OSError unless a file can be written at `path`, folders made if need be: asked before the work."""
    try:
        with tempfile.TemporaryFile(dir=next(folder for folder in (*path.parents, path) if folder.exists())):
            pass
        if path.exists():
            path.open("ab").close()
    except OSError as problem:
        raise OSError(f"{path} cannot be written ({problem.strerror}): {remedy}") from problem


def write_error(path: Path, problem: OSError) -> DataError:
    """The sentence for a file or folder that the system does not let us write, or read back."""
    if problem.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return DataError(
            f"The disk is full, {path} cannot be written: free some space, or set MIA_KIT_DATA to a folder on another "
            "disk, and run the same command again; what is complete is kept."
        )
    if problem.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return DataError(
            f"{path} may not be written or read ({problem.strerror}): correct its rights, or set MIA_KIT_DATA to a "
            "folder of your own."
        )
    return DataError(f"{path} cannot be written ({problem.strerror or problem}): try again.")


def _platform_cache() -> Path:
    """Where this platform keeps files that can be made again."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
