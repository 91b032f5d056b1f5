"""Archives of images: checked by sha256, then unpacked once into the cache folder.

The folder that an archive comes from is only read. An archive is unpacked beside its final place and renamed, so that
a killed run leaves no half of it behind.
"""

from __future__ import annotations

import hashlib
import tarfile
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from tempfile import TemporaryDirectory

from mia_kit.data.folders import DataError, cache_folder, source_folder

CHUNK = 1 << 20


@dataclass(frozen=True)
class DataFile:
    """A file of a data set: its folder below the data folder, its name and the sha256 of its content."""

    folder: str
    name: str
    sha256: str

    def checked(self) -> Path:
        """Where the file is. Raises DataError if it is absent, or its sha256 is another one."""
        path = source_folder(self.folder) / self.name
        if not path.is_file():
            raise DataError(f"{path} is missing: get the data set {self.folder} again.")
        found = sha256_of(path)
        if found != self.sha256:
            raise DataError(
                f"{path} is damaged or only half downloaded: its sha256 should begin with {self.sha256[:12]}, "
                f"got {found[:12]} instead; get it again."
            )
        return path


def sha256_of(path: Path) -> str:
    """The sha256 of a file's content, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def unpacked(archive: DataFile) -> Path:
    """The folder in the cache that holds the archive's files; unpacked by the first call.

    Raises
    ------
    DataError
        If the archive is absent or damaged, or a member is a link, a device or would land outside the folder.
    """
    path = archive.checked()
    target = cache_folder() / "unpacked" / f"{archive.folder}-{archive.sha256[:16]}"
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix="part-") as scratch:
        part = Path(scratch) / "files"
        part.mkdir()
        _extract(path, part)
        try:
            part.rename(target)
        except OSError:
            if not target.is_dir():  # otherwise another process was faster, with the same files
                raise
    return target


def _extract(path: Path, folder: Path) -> None:
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                _check_member(member, path)
                archive.extract(member, folder, filter="data")
    except DataError:
        raise
    except (tarfile.FilterError, tarfile.TarError, OSError, EOFError, ValueError) as problem:
        raise DataError(f"{path} cannot be unpacked ({problem}): get it again.") from problem
    except Exception as problem:
        # lzma.LZMAError derives from Exception alone, and a Python built without lzma cannot name it.
        if type(problem).__name__ != "LZMAError":
            raise
        raise DataError(f"{path} cannot be unpacked ({problem}): get it again.") from problem


def _check_member(member: tarfile.TarInfo, path: Path) -> None:
    """Only plain files and folders below the target. The "data" filter would let some links through."""
    name = PureWindowsPath(member.name)  # knows both slashes, and drives
    if name.anchor or ".." in name.parts:
        raise DataError(f"{path} holds {member.name!r}, which points outside its folder: do not use this archive.")
    if not (member.isreg() or member.isdir()):
        raise DataError(f"{path} holds {member.name!r}, a link or a device: do not use this archive.")
