"""Archives: checked by their sha256 and unpacked once."""

from pathlib import Path

import pytest
from tiny_data import Pack

from mia_kit.data import DataError
from mia_kit.data.archives import DataFile, unpacked


def test_unpacks_once_and_leaves_the_source_alone(pack: Pack, data_root: Path, cache: Path) -> None:
    archive = pack("faces", {"a/1.txt": b"one", "a/2.txt": b"two"})
    before = sorted(data_root.rglob("*"))
    folder = unpacked(archive)
    assert (folder / "a" / "1.txt").read_bytes() == b"one"
    assert folder.is_relative_to(cache)
    assert sorted(data_root.rglob("*")) == before
    (folder / "a" / "1.txt").write_bytes(b"kept")
    assert (unpacked(archive) / "a" / "1.txt").read_bytes() == b"kept"
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]  # no scratch folder stays


def test_missing_file_is_one_sentence(data_root: Path, cache: Path) -> None:
    (data_root / "faces").mkdir()
    with pytest.raises(DataError, match=rf"faces/files\.tar\.xz is missing: looked in {data_root}, {cache}; put it"):
        unpacked(DataFile("faces", "files.tar.xz", "0" * 64))


def test_half_a_download_is_noticed_by_its_sha256(pack: Pack, data_root: Path) -> None:
    archive = pack("faces", {"a/1.txt": bytes(1000)})
    path = data_root / "faces" / archive.name
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DataError, match=rf"half downloaded .* should begin with {archive.sha256[:12]}, got"):
        unpacked(archive)
