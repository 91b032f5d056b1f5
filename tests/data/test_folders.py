"""Data folders: searched in order, the first that can be written takes what is fetched. And files that are whole."""

import os
import sys
from pathlib import Path

import pytest

from mia_kit.data import DataError, data_folders, folders
from mia_kit.data.folders import check_output, fetch_folder, locate, read_json, write_whole
from mia_kit.data.inventory import CIFAR10, INVENTORY

PLATFORM_CACHE = folders._platform_cache  # the fixtures of this folder put another in its place


@pytest.fixture
def three(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path, Path]:
    """Two folders that MIA_KIT_DATA names, and the cache folder, which is not there yet."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    monkeypatch.setenv("MIA_KIT_DATA", f"{first}{os.pathsep}{second}{os.pathsep}")
    return first, second, cache


def write(folder: Path, place: str) -> Path:
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"content")
    return path


def closed(monkeypatch: pytest.MonkeyPatch, *folders_: Path) -> None:
    """Nothing can be written in these folders, whoever asks."""
    make = folders.tempfile.TemporaryFile

    def refuse(*, dir: Path) -> object:
        if dir in folders_:
            raise PermissionError(13, "Permission denied")
        return make(dir=dir)

    monkeypatch.setattr(folders.tempfile, "TemporaryFile", refuse)


def test_folders_are_searched_in_order(three: tuple[Path, Path, Path]) -> None:
    assert data_folders() == three
    for folder in reversed(three):  # what comes later in the search is found until something comes before it
        path = write(folder, "weights/generator.safetensors")
        assert locate("weights/generator.safetensors") == path
    assert locate("weights/other", "weights") == three[0] / "weights"
    assert locate("weights/other") is None


def test_what_is_missing_says_where_was_looked_and_what_fetches_it(three: tuple[Path, Path, Path]) -> None:
    where = ", ".join(map(str, three))
    with pytest.raises(DataError, match=rf"^cifar10_full/cifar10\.npz is missing: looked in {where}; run  python .*$"):
        CIFAR10.path()


def test_fetched_files_go_where_they_can_be_written(
    three: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fetch_folder() == three[0]
    closed(monkeypatch, three[0])
    assert fetch_folder() == three[1]
    closed(monkeypatch, *three[:2])
    assert fetch_folder() == three[2] and three[2].is_dir()
    closed(monkeypatch, *three)
    with pytest.raises(DataError, match="can be written: set MIA_KIT_DATA to a folder of your own"):
        fetch_folder()
    assert [entry for folder in three for entry in folder.iterdir()] == []


def test_a_folder_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIA_KIT_DATA", f"{Path.cwd()}{os.pathsep}/nowhere/at/all")
    with pytest.raises(DataError, match="MIA_KIT_DATA names /nowhere/at/all, which is not a folder"):
        data_folders()


def test_the_cache_of_each_platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "_platform_cache", PLATFORM_CACHE)
    monkeypatch.delenv("MIA_KIT_DATA", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert data_folders() == (tmp_path / "mia_kit",)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert data_folders() == (tmp_path / "local" / "mia_kit",)


def test_an_account_without_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(folders, "_platform_cache", homeless)
    monkeypatch.setenv("MIA_KIT_DATA", str(tmp_path))
    assert data_folders() == (tmp_path,)
    monkeypatch.delenv("MIA_KIT_DATA")
    with pytest.raises(DataError, match="set XDG_CACHE_HOME to a folder of your own"):
        data_folders()


def test_every_script_that_fetches_is_there() -> None:
    scripts = Path(__file__).parents[2] / "data_scripts"
    assert all((scripts / item.script.split()[0]).is_file() for item in INVENTORY)


def test_a_file_is_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new" / "file.json"
    write_whole(path, b"before")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"after")
    assert path.read_bytes() == b"before" and [entry.name for entry in path.parent.iterdir()] == ["file.json"]


def test_a_place_for_a_result_is_tried_and_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_output(tmp_path / "new" / "folder" / "page.html")
    assert not list(tmp_path.iterdir())
    file = write(tmp_path, "file")
    check_output(file)
    assert file.read_bytes() == b"content"
    for place in (file / "page.html", tmp_path, Path(tmp_path.anchor)):  # below a file, and folders themselves
        with pytest.raises(OSError, match=r"cannot be written \(.*\): name another place"):
            check_output(place)
    closed(monkeypatch, tmp_path)
    with pytest.raises(OSError, match="Permission denied.*: set THAT"):
        check_output(tmp_path / "new" / "page.html", "set THAT.")


@pytest.mark.parametrize("content", [b"[1", b"\xff", b"[" * 99999])
def test_a_damaged_file_is_told_with_its_remedy(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"a.json is damaged \(.*\): make it again"):
        read_json(tmp_path / "a.json", "make it again")
