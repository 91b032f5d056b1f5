"""Archives of images: checked by sha256, then unpacked once into the cache folder.

The folder that an archive comes from is only read.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from mia_kit.data.folders import DataError, cache_folder, located
from mia_kit.data.unpacking import unpack

CHUNK = 1 << 20


@dataclass(frozen=True)
class DataFile:
    """A file of a data set: its folder below the data folder, its name and the sha256 of its content."""

    folder: str
    name: str
    sha256: str

    def checked(self) -> Path:
        """Where the file is. Raises DataError if it is absent, or its sha256 is another one."""
        path = located(f"{self.folder}/{self.name}")
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
        If the archive is absent or damaged, holds something that `unpack` refuses, or the disk is full.
    """
    path = archive.checked()
    target = cache_folder() / "unpacked" / f"{archive.folder}-{archive.sha256[:16]}"
    unpack(path, target)
    return target
