"""Archives: checked, unpacked once, and nothing lands outside the folder."""

from dataclasses import replace
from pathlib import Path

import pytest
from tiny_data import Pack

from mia_kit.data import DataError
from mia_kit.data.archives import DataFile, sha256_of, unpacked


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
    with pytest.raises(DataError, match=rf"half downloaded: its sha256 should begin with {archive.sha256[:12]}, got"):
        unpacked(archive)


def test_truncated_archive_with_a_matching_sha256(pack: Pack, data_root: Path, cache: Path) -> None:
    archive = pack("faces", {"a/1.txt": bytes(range(256)) * 50})
    path = data_root / "faces" / archive.name
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match=r"cannot be unpacked .*: get it again"):
        unpacked(replace(archive, sha256=sha256_of(path)))
    assert list((cache / "unpacked").iterdir()) == []


@pytest.mark.parametrize("name", ["../evil.txt", "/evil.txt", "a/../../evil.txt", "..\\evil.txt", "C:/evil.txt"])
def test_hostile_paths_are_refused(pack: Pack, tmp_path: Path, name: str) -> None:
    archive = pack("faces", {"a/1.txt": b"one", name: b"evil"})
    with pytest.raises(DataError, match=r"points outside its folder: do not use this archive"):
        unpacked(archive)
    assert list(tmp_path.rglob("evil.txt")) == []
