"""Archives from elsewhere, tar or zip: nothing they hold lands outside the folder, and a bomb is refused in time.

What members may be is told in `mia_kit.data.archives`. The limits are for archives whose content nobody has pinned with
a sha256: CelebA's is placed by hand, GTSRB's has an md5. Bytes are counted as they come, since an archive may lie about
its sizes; neither tarfile nor zipfile has a limit.
"""

from __future__ import annotations

import bz2
import gzip
import io
import shutil
import stat
import tarfile
import zipfile
from pathlib import Path
from typing import IO

from mia_kit.data.archives import Members, appearing, telling
from mia_kit.data.folders import DataError

# The largest archive of `data_scripts/` unpacks to 1.5 GB.
MAX_BYTES = 4 * 10**9
# Photographs hardly shrink; a bomb of zeros shrinks a thousandfold.
MAX_RATIO = 100.0
# Below this an archive is no bomb, whatever its ratio: tar fills up with zeros.
SMALL = 1 << 20
# What a member costs besides its content: a million empty files are a bomb too.
HEADER = 512
CHUNK = 1 << 20
# tarfile reads contents in small pieces; only a header that states a huge length is read in one go, into memory.
LONGEST_READ = 16 << 20


def unpack(
    archive: Path, target: Path, *, inside: str = "", max_bytes: int = MAX_BYTES, max_ratio: float = MAX_RATIO
) -> None:
    """Unpack beside `target`, then rename: a killed run leaves no half of it. Nothing happens if `target` is there.

    Parameters
    ----------
    archive : a zip, or a tar plain or packed with gzip, bzip2 or xz
    target : the folder that will hold the files
    inside : the folder of the archive that becomes `target`; all of the archive by default
    max_bytes, max_ratio : most bytes of the content, and most bytes of it for each byte of the archive

    Raises
    ------
    DataError
        If the archive is damaged, holds something that is refused, lacks the folder `inside`, or the disk is full.
    """
    if target.is_dir():
        return
    with appearing(target, inside) as folder:
        extract(archive, folder, max_bytes=max_bytes, max_ratio=max_ratio)
        if not (folder / inside).is_dir():
            raise DataError(f"{archive} should hold the folder {inside}, got none: get it again.")


def extract(archive: Path, folder: Path, *, max_bytes: int = MAX_BYTES, max_ratio: float = MAX_RATIO) -> None:
    """Unpack into an existing folder, with the limits of `unpack` and its errors."""
    with telling(archive, folder), archive.open("rb") as file:
        limit = int(min(max_bytes, max(SMALL, max_ratio * archive.stat().st_size)))
        start = file.read(6)
        file.seek(0)
        if start.startswith(b"PK"):
            _extract_zip(archive, folder, limit)
        else:
            stream = _Limited(_unpacked_stream(file, start), archive, limit)
            with tarfile.open(fileobj=stream, mode="r:") as tar:
                tar.extractall(folder, filter=Members(folder))


def _extract_zip(path: Path, folder: Path, limit: int) -> None:
    check = Members(folder).check
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if sum(member.file_size + HEADER for member in members) > limit:
            raise _bomb(path, limit)
        for member in members:
            kind = stat.S_IFMT(member.external_attr >> 16)
            check(member.filename, plain=kind in (0, stat.S_IFREG, stat.S_IFDIR), file=not member.is_dir())
            place = folder / member.filename
            if member.is_dir():
                place.mkdir(parents=True, exist_ok=True)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            # zipfile itself stops at the length that the member states, and checks its sum.
            with archive.open(member) as source, place.open("wb") as copy:
                shutil.copyfileobj(source, copy, CHUNK)


class _Limited(io.RawIOBase):
    """A stream that may be read up to `limit` bytes from its beginning: neither contents nor headers go past it."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile, path: Path, limit: int) -> None:
        self.stream, self.path, self.limit = stream, path, limit

    def read(self, size: int | None = -1) -> bytes:
        """At most `size` bytes. Raises DataError where more is asked for than the limit leaves."""
        if size is None or not 0 <= size <= LONGEST_READ:
            raise _bomb(self.path, self.limit)
        content = self.stream.read(size)
        if self.stream.tell() > self.limit:
            raise _bomb(self.path, self.limit)
        return content

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to `offset` from the beginning. Raises DataError past the limit."""
        if whence == 0 and offset > self.limit:
            raise _bomb(self.path, self.limit)
        return self.stream.seek(offset, whence)

    def tell(self) -> int:
        """Bytes from the beginning."""
        return self.stream.tell()


def _unpacked_stream(file: IO[bytes], start: bytes) -> IO[bytes] | gzip.GzipFile:
    if start.startswith(b"\x1f\x8b"):
        return gzip.open(file)
    if start.startswith(b"BZh"):
        return bz2.open(file)
    if start == b"\xfd7zXZ\x00":
        import lzma

        return lzma.open(file)
    return file


def _bomb(path: Path, limit: int) -> DataError:
    return DataError(
        f"{path} should unpack to at most {limit / 1e6:,.0f} MB, got more: it may be a bomb, do not use this archive."
    )
