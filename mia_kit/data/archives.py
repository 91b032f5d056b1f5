"""Archives of images: checked by sha256, which says what they hold, then unpacked once into the cache folder.

The folder that an archive comes from is only read. `data_scripts/unpacking.py` is for archives that nobody has pinned.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from mia_kit.data.folders import DataError, cache_folder, located, write_error


@dataclass(frozen=True)
class DataFile:
    """A file of a data set: its folder below the data folder, its name and the sha256 of its content.

    public : what a recipe may name instead, as this file is not handed out: a data set, and the command that fetches it
    """

    folder: str
    name: str
    sha256: str
    public: tuple[str, str] | None = None

    def checked(self) -> Path:
        """Where the file is. Raises DataError if it is absent, or its sha256 is another one."""
        remedy = "put it into one of them."
        if self.public:
            remedy = "it is not handed out: let the recipe name {} instead, and run  {}".format(*self.public)
        path = located(f"{self.folder}/{self.name}", remedy=remedy)
        check_sha256(path, sha256_of(path), self.sha256)
        return path


def sha256_of(path: Path) -> str:
    """The sha256 of a file's content, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def check_sha256(path: Path, digest: str, expected: str) -> None:
    """DataError if the content of a file has another sha256 than it should."""
    if digest != expected:
        raise DataError(
            f"{path} is damaged, half downloaded or another file: the sha256 of its content should begin with "
            f"{expected[:12]}, got {digest[:12]} instead; get it again."
        )


def unpacked(archive: DataFile) -> Path:
    """The folder in the cache that holds the archive's files; unpacked by the first call.

    DataError if the archive is absent or damaged, or cannot be unpacked here.
    """
    path = archive.checked()
    target = cache_folder() / "unpacked" / f"{archive.folder}-{archive.sha256[:16]}"
    if not target.is_dir():
        try:
            with appearing(target) as folder, tarfile.open(path) as tar:
                tar.extractall(folder, filter="data")
        except tarfile.TarError as problem:  # such as a Python that was built without lzma
            raise DataError(f"{path} cannot be unpacked ({problem}).") from problem
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
