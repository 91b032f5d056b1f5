"""Tiny data sets that the tests make, and a cache of their own: nothing touches a real one."""

import io
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mia_kit.data.archives import DataFile, sha256_of


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder of this test."""
    folder = tmp_path / "cache"
    monkeypatch.setattr("mia_kit.data.folders._platform_cache", lambda: folder)
    return folder / "mia_kit"


@pytest.fixture
def data_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder that MIA_KIT_DATA points to."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("MIA_KIT_DATA", str(folder))
    return folder


def picture(shade: int, size: tuple[int, int] = (8, 8), kind: str = "PNG") -> bytes:
    """A picture of one colour, (shade, 0, 255 - shade), as bytes; `size` is (width, height)."""
    stream = io.BytesIO()
    Image.new("RGB", size, (shade, 0, 255 - shade)).save(stream, kind)
    return stream.getvalue()


def write_people(root: Path, counts: dict[str, int], size: tuple[int, int] = (8, 8)) -> None:
    """Folders of people; picture number i of person p has the shade 10 p + i."""
    for person, (name, count) in enumerate(counts.items()):
        (root / name).mkdir(parents=True)
        for number in range(count):
            (root / name / f"{name}_{number:04}.png").write_bytes(picture(10 * person + number, size))


Pack = Callable[[str, dict[str, bytes]], DataFile]


@pytest.fixture
def pack(data_root: Path) -> Pack:
    """Write {member name: bytes} as `<folder>/files.tar.xz` into the data folder."""

    def write(folder: str, members: dict[str, bytes]) -> DataFile:
        path = data_root / folder / "files.tar.xz"
        path.parent.mkdir(exist_ok=True)
        with lzma.open(path, "wb") as stream, tarfile.open(fileobj=stream, mode="w") as archive:
            for name, content in members.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        return DataFile(folder, path.name, sha256_of(path))

    return write


def colours(images: np.ndarray) -> list[int]:
    """The red value of the first pixel of each image: the shade it was made with."""
    return [int(image[0, 0, 0]) for image in images]
