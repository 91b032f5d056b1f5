"""Archives from elsewhere, tar or zip: nothing they hold lands outside the folder, and a bomb is refused in time.

Refused with one sentence: names that leave the folder, links, devices, sparse files, and contents beyond a limit in
bytes or in proportion to the archive. Bytes are counted as they come, since an archive may lie about its sizes.
"""

from __future__ import annotations

import bz2
import gzip
import io
import shutil
import stat
import tarfile
import zipfile
import zlib
from pathlib import Path, PureWindowsPath
from tempfile import TemporaryDirectory
from typing import IO

from mia_kit.data.folders import DataError, write_error

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
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=target.parent, prefix="part-") as scratch:
            folder = Path(scratch) / "files"
            folder.mkdir()
            extract(archive, folder, max_bytes=max_bytes, max_ratio=max_ratio)
            if not (folder / inside).is_dir():
                raise DataError(f"{archive} should hold the folder {inside}, got none: get it again.")
            _rename(folder / inside, target)
    except DataError:
        raise
    except OSError as problem:
        raise write_error(target, problem) from problem


def extract(archive: Path, folder: Path, *, max_bytes: int = MAX_BYTES, max_ratio: float = MAX_RATIO) -> None:
    """Unpack into an existing folder, with the limits of `unpack` and its errors."""
    try:
        limit = int(min(max_bytes, max(SMALL, max_ratio * archive.stat().st_size)))
        with archive.open("rb") as file:
            start = file.read(6)
        if start.startswith(b"PK"):
            _extract_zip(archive, folder, limit)
        else:
            _extract_tar(archive, folder, limit, start)
    except DataError:
        raise
    except OSError as problem:
        if problem.errno is not None:  # the disk's own trouble: the archive may be well
            raise write_error(folder, problem) from problem
        raise _damaged(archive, problem) from problem
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError) as problem:
        raise _damaged(archive, problem) from problem
    except Exception as problem:
        # lzma.LZMAError derives from Exception alone, and a Python built without lzma cannot name it.
        if type(problem).__name__ != "LZMAError":
            raise
        raise _damaged(archive, problem) from problem


def _extract_tar(path: Path, folder: Path, limit: int, start: bytes) -> None:
    stream = _unpacked_stream(path, start)
    with stream, tarfile.open(fileobj=_Limited(stream, path, limit), mode="r:") as archive:
        for member in archive:
            _check_name(member.name, path)
            # The "data" filter would let some links through.
            if member.issparse() or not (member.isreg() or member.isdir()):
                raise DataError(f"{path} holds {member.name!r}, a link or a device: do not use this archive.")
            archive.extract(member, folder, filter="data")


def _extract_zip(path: Path, folder: Path, limit: int) -> None:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if sum(member.file_size + HEADER for member in members) > limit:
            raise _bomb(path, limit)
        for member in members:
            _check_name(member.filename, path)
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise DataError(f"{path} holds {member.filename!r}, a link or a device: do not use this archive.")
            place = folder / member.filename
            if member.is_dir():
                place.mkdir(parents=True, exist_ok=True)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            # zipfile itself stops at the length that the member states, and checks its sum.
            with archive.open(member) as source, place.open("wb") as copy:
                shutil.copyfileobj(source, copy, CHUNK)


def _check_name(name: str, path: Path) -> None:
    parts = PureWindowsPath(name)  # knows both slashes, and drives
    if parts.anchor or parts.drive or ".." in parts.parts:
        raise DataError(f"{path} holds {name!r}, which points outside its folder: do not use this archive.")


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


def _unpacked_stream(path: Path, start: bytes) -> IO[bytes] | gzip.GzipFile:
    if start.startswith(b"\x1f\x8b"):
        return gzip.open(path)
    if start.startswith(b"BZh"):
        return bz2.open(path)
    if start == b"\xfd7zXZ\x00":
        import lzma

        return lzma.open(path)
    return path.open("rb")


def _rename(folder: Path, target: Path) -> None:
    try:
        folder.rename(target)
    except OSError:
        if not target.is_dir():  # otherwise another process was faster, with the same files
            raise


def _damaged(path: Path, problem: Exception) -> DataError:
    return DataError(f"{path} cannot be unpacked ({problem}): get it again.")


def _bomb(path: Path, limit: int) -> DataError:
    return DataError(
        f"{path} should unpack to at most {limit / 1e6:,.0f} MB, got more: it may be a bomb, do not use this archive."
    )
