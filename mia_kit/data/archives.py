"""Archives of images: checked by sha256, then unpacked once into the cache folder.

The folder that an archive comes from is only read. tarfile's filter "data" keeps members inside the folder; links and
devices are refused besides, and names that would hide each other. Limits against bombs stand in `data_scripts`: here
the sha256 says which archive it is.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from tempfile import TemporaryDirectory

from mia_kit.data.file_names import plain_name
from mia_kit.data.folders import DataError, cache_folder, located, write_error


@dataclass(frozen=True)
class DataFile:
    """A file of a data set: its folder below the data folder, its name and the sha256 of its content."""

    folder: str
    name: str
    sha256: str

    def checked(self) -> Path:
        """Where the file is. Raises DataError if it is absent, or its sha256 is another one."""
        path = located(f"{self.folder}/{self.name}")
        digest = sha256_of(path)
        if digest != self.sha256:
            raise DataError(
                f"{path} is damaged or only half downloaded: its sha256 should begin with {self.sha256[:12]}, "
                f"got {digest[:12]} instead; get it again."
            )
        return path


def sha256_of(path: Path) -> str:
    """The sha256 of a file's content, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def unpacked(archive: DataFile) -> Path:
    """The folder in the cache that holds the archive's files; unpacked by the first call.

    DataError if the archive is absent or damaged, or holds something that is refused.
    """
    path = archive.checked()
    target = cache_folder() / "unpacked" / f"{archive.folder}-{archive.sha256[:16]}"
    if not target.is_dir():
        with appearing(target) as folder, telling(path, folder), tarfile.open(path) as tar:
            tar.extractall(folder, filter=Members(folder))
    return target


@contextmanager
def appearing(target: Path, inside: str = "") -> Iterator[Path]:
    """A folder whose part `inside` becomes `target` when the block ends well: no kill or error leaves half of it."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=target.parent, prefix="part-") as scratch:
            folder = Path(scratch) / "files"
            folder.mkdir()
            yield folder
            try:
                (folder / inside).rename(target)
            except OSError:
                if not target.is_dir():  # otherwise another process was faster, with the same files
                    raise
    except DataError:
        raise
    except OSError as problem:
        raise write_error(target, problem) from problem


@contextmanager
def telling(archive: Path, folder: Path) -> Iterator[None]:
    """Whatever stops the unpacking of `archive` into `folder` becomes a DataError."""
    try:
        yield
    except Refused as problem:
        raise DataError(f"{archive} {problem}: do not use this archive.") from problem
    except Exception as problem:  # lzma's error has no class where Python was built without lzma
        if isinstance(problem, DataError):
            raise
        if isinstance(problem, OSError) and problem.errno is not None:  # the disk's own trouble
            raise write_error(folder, problem) from problem
        raise DataError(f"{archive} cannot be unpacked ({problem}): get it again.") from problem


class Refused(ValueError):
    """Something that no archive of pictures holds."""


class Members:
    """What may be unpacked into a folder: files and folders, each with a name of its own on every computer.

    A filter for tarfile; raises Refused for what may not be unpacked.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.spelled = folder, dict[str, str]()

    def __call__(self, member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo:
        """The member as tarfile's filter "data" lets it pass."""
        self.check(member.name, plain=(member.isreg() or member.isdir()) and not member.issparse(), file=member.isreg())
        return tarfile.data_filter(member, folder)

    def check(self, name: str, *, plain: bool, file: bool) -> None:
        """`plain` says whether it is a file or a folder, and no link or device."""
        windows = PureWindowsPath(name)  # knows both slashes, and drives
        if windows.anchor or windows.drive or ".." in windows.parts:
            raise Refused(f"holds {name!a}, which points outside its folder")
        if not plain:
            raise Refused(f"holds {name!a}, a link or a device")
        path = PurePosixPath(name)
        for place in map(str, (path, *path.parents)):
            other = self.spelled.setdefault(plain_name(place), place)
            if other != place:
                raise Refused(f"holds {other!a} and {place!a}, one name on some computers")
        if file and (self.folder / path).exists():  # also where upper and lower case are one
            raise Refused(f"holds {name!a} twice")
