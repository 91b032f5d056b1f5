"""Tar and zip from elsewhere: nothing outside the folder, no bomb, one sentence; the rest is test_archives.py's."""

import gzip
import io
import stat
import tarfile
import zipfile
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mia_kit.data import DataError
from unpacking import unpack


def write_zip(path: Path, members: dict[str, bytes], mode: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            member = zipfile.ZipInfo(name)
            member.external_attr = mode << 16
            archive.writestr(member, content, zipfile.ZIP_DEFLATED)
    return path


def write_tar(path: Path, members: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


WRITERS = {"zip": write_zip, "tar": write_tar}
kinds = pytest.mark.parametrize("kind", WRITERS)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz", "zip"])
def test_all_packings(tmp_path: Path, mode: str) -> None:
    members = {"top/a/1.txt": b"one", "top/2.txt": bytes(range(256))}
    archive = tmp_path / "files"
    write_zip(archive, members) if mode == "zip" else write_tar(archive, members, mode)
    unpack(archive, tmp_path / "out", inside="top")
    assert (tmp_path / "out" / "a" / "1.txt").read_bytes() == b"one"
    assert (tmp_path / "out" / "2.txt").read_bytes() == bytes(range(256))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["files", "out"]  # no scratch folder stays
    archive.unlink()
    unpack(archive, tmp_path / "out", inside="top")  # there already: nothing is opened


@kinds
@pytest.mark.parametrize("name", ["../evil.txt", "/evil.txt", "a/../../evil.txt", "..\\evil.txt", "C:evil.txt"])
def test_nothing_lands_outside(tmp_path: Path, kind: str, name: str) -> None:
    archive = WRITERS[kind](tmp_path / "files", {"a.txt": b"one", name: b"evil"})
    with pytest.raises(DataError, match=r"points outside its folder: do not use this archive"):
        unpack(archive, tmp_path / "deep" / "out")
    assert list(tmp_path.rglob("*evil*")) == []
    assert list((tmp_path / "deep").iterdir()) == []


def test_links_and_devices_in_a_zip(tmp_path: Path) -> None:
    for kind in (stat.S_IFLNK, stat.S_IFIFO, stat.S_IFBLK):
        archive = write_zip(tmp_path / "files.zip", {"link": b"/etc/passwd"}, mode=kind | 0o777)
        with pytest.raises(DataError, match=r"'link', a link or a device"):
            unpack(archive, tmp_path / "out")


def test_a_file_written_through_a_link(tmp_path: Path) -> None:
    """The second member would follow the first one out of the folder."""
    path = tmp_path / "files.tar"
    with tarfile.open(path, "w") as archive:
        link = tarfile.TarInfo("way")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
        archive.addfile(link)
        evil = tarfile.TarInfo("way/evil.txt")
        archive.addfile(evil, io.BytesIO())
    with pytest.raises(DataError, match=r"'way', a link or a device"):
        unpack(path, tmp_path / "out")
    assert not (tmp_path / "evil.txt").exists()


@kinds
def test_a_bomb_by_its_ratio(tmp_path: Path, kind: str) -> None:
    archive = WRITERS[kind](tmp_path / "files", {"zeros": bytes(5_000_000)})
    assert archive.stat().st_size < 50_000
    with pytest.raises(DataError, match=r"should unpack to at most 1 MB, got more: it may be a bomb"):
        unpack(archive, tmp_path / "out")
    unpack(archive, tmp_path / "out", max_ratio=2000)
    assert (tmp_path / "out" / "zeros").stat().st_size == 5_000_000
    empty = WRITERS[kind](tmp_path / "empty", {f"{i}": b"" for i in range(200)})
    with pytest.raises(DataError, match=r"it may be a bomb"):
        unpack(empty, tmp_path / "out2", max_bytes=50_000)


def test_a_bomb_in_a_header(tmp_path: Path) -> None:
    """A long-name header of 40 MB would be read into memory before any member is seen."""
    header = tarfile.TarInfo("name")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 40 << 20
    path = tmp_path / "files.tar.gz"
    path.write_bytes(gzip.compress(header.tobuf() + bytes(header.size), compresslevel=1))
    with pytest.raises(DataError, match=r"it may be a bomb"):
        unpack(path, tmp_path / "out", max_ratio=1e6)


def test_a_zip_that_lies_about_its_sizes(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "files.zip", {"zeros": bytes(300_000)})
    stated, lie = (300_000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(stated, lie))
    with pytest.raises(DataError, match=r"cannot be unpacked .*: get it again"):
        unpack(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@kinds
@pytest.mark.parametrize("kept", [0, 40, 200])
def test_half_an_archive(tmp_path: Path, kind: str, kept: int) -> None:
    archive = WRITERS[kind](tmp_path / "files", {"a.txt": bytes(range(256)) * 4})
    archive.write_bytes(archive.read_bytes()[:kept])
    with pytest.raises(DataError, match=r"cannot be unpacked .*: get it again"):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@kinds
@pytest.mark.parametrize(
    "names", [("Ren\u00e9e/1.jpg", "Rene\u0301e/2.jpg"), ("a/1.jpg", "a./2.jpg"), ("a/1.jpg ", "a/1.jpg"), ("1", "./1")]
)
def test_members_that_hide_each_other(tmp_path: Path, kind: str, names: tuple[str, str]) -> None:
    """On some computers, or on all: one picture would be lost in silence."""
    archive = WRITERS[kind](tmp_path / "files", dict.fromkeys(names, b"one"))
    with pytest.raises(DataError, match=r"holds .*(one name on some computers|twice): do not use this archive"):
        unpack(archive, tmp_path / "out")


parts = st.sampled_from(["a", "b", "..", ".", "", "a ", "e\u0301", "\u00e9", "C:", "~", "x\\y", "\x1b[2J", "n" * 300])
members = st.dictionaries(
    st.lists(parts, min_size=1, max_size=4).map("/".join), st.binary(max_size=8), min_size=1, max_size=6
)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.sampled_from(sorted(WRITERS)), members)
def test_any_names(kind: str, members: dict[str, bytes]) -> None:
    """What is unpacked is whole, and inside; or there is one sentence, and nothing."""
    with TemporaryDirectory() as scratch:
        root = Path(scratch) / "deep" / "deeper"
        root.mkdir(parents=True)
        archive = WRITERS[kind](root / "files", members)
        try:
            unpack(archive, root / "out")
        except DataError as problem:
            assert "\n" not in str(problem) and "\x1b" not in str(problem)
            assert [path.name for path in root.iterdir()] == ["files"]
        else:
            assert sorted(path.name for path in root.iterdir()) == ["files", "out"]
            files = [path for path in (root / "out").rglob("*") if path.is_file()]
            assert {path.relative_to(root / "out").as_posix(): path.read_bytes() for path in files} == {
                str(PurePosixPath(name)): body
                for name, body in members.items()
                if kind == "tar" or not name.endswith("/")
            }
        assert [path.name for path in Path(scratch).iterdir()] == ["deep"]
