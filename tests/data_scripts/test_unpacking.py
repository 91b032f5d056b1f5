"""Zip archives from elsewhere: nothing outside the folder, no bomb, one sentence."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_files import zipped

from mia_kit.data import DataError
from unpacking import unpack


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    path.write_bytes(zipped(members))
    return path


def test_the_folder_inside_appears_whole(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "files", {"top/a/1.txt": b"one", "top/2.txt": bytes(range(256)), "other": b""})
    unpack(archive, tmp_path / "out", inside="top")
    assert (tmp_path / "out" / "a" / "1.txt").read_bytes() == b"one"
    assert (tmp_path / "out" / "2.txt").read_bytes() == bytes(range(256))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["files", "out"]  # no scratch folder stays
    archive.unlink()
    unpack(archive, tmp_path / "out", inside="top")  # there already: nothing is opened


def test_a_bomb_is_refused_by_its_ratio(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "files", {"top/zeros": bytes(5_000_000)})
    with pytest.raises(DataError, match=r"should unpack to at most 1 MB, got more: it may be a bomb"):
        unpack(archive, tmp_path / "out", inside="top")


@pytest.mark.parametrize("kept", [0, 40, 200, None])
def test_half_an_archive_or_one_that_lies_about_its_sizes(tmp_path: Path, kept: int | None) -> None:
    archive = write_zip(tmp_path / "files", {"top/a.txt": bytes(range(256)) * 1000})
    stated, lie = (256_000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    archive.write_bytes(archive.read_bytes().replace(stated, lie)[:kept])
    with pytest.raises(DataError, match=r"cannot be unpacked .*: get it again"):
        unpack(archive, tmp_path / "out", inside="top")
    assert not (tmp_path / "out").exists()


parts = st.sampled_from(["a", "b", "..", ".", "", "a ", "e\u0301", "\u00e9", "C:", "~", "x\\y", "\x1b[2J", "n" * 300])
members = st.dictionaries(
    st.lists(parts, min_size=1, max_size=4).map("/".join), st.binary(max_size=8), min_size=1, max_size=6
)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@settings(max_examples=200)
@given(members)
def test_any_names(members: dict[str, bytes]) -> None:
    """What is unpacked lies inside; or there is one sentence, and nothing."""
    with TemporaryDirectory() as scratch:
        root = Path(scratch) / "deep" / "deeper"
        root.mkdir(parents=True)
        archive = write_zip(root / "files", members)
        try:
            unpack(archive, root / "out", inside=".")
        except DataError as problem:
            assert "\n" not in str(problem) and "\x1b" not in str(problem)
            assert [path.name for path in root.iterdir()] == ["files"]
        else:
            assert sorted(path.name for path in root.iterdir()) == ["files", "out"]
            unpacked = {path.read_bytes() for path in (root / "out").rglob("*") if path.is_file()}
            assert unpacked <= set(members.values())
            assert not any(".." in name.replace("\\", "/").split("/") for name in members)
        assert [path.name for path in Path(scratch).iterdir()] == ["deep"]
