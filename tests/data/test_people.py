"""Folders of people, decoding and the cache of decoded pictures."""

import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_data import colours, picture, write_people

from mia_kit.data import DataError
from mia_kit.data.decoding import decode
from mia_kit.data.people import read_people


def test_people_pictures_and_names(tmp_path: Path) -> None:
    write_people(tmp_path / "faces", {"Ada_B": 2, "Carl_D": 3})
    images = read_people(tmp_path / "faces", "orl", size=4)
    assert images.images.shape == (5, 4, 4, 3)
    assert images.labels.tolist() == [0, 0, 1, 1, 1]
    assert images.class_names == ("Ada B", "Carl D")
    assert images.files[2] == "Carl_D/Carl_D_0000.png"
    assert colours(images.images) == [0, 1, 10, 11, 12]
    assert images.subset(np.array([3, 0])).files == ("Carl_D/Carl_D_0001.png", "Ada_B/Ada_B_0000.png")


def test_second_load_maps_the_same_file(tmp_path: Path, cache: Path) -> None:
    write_people(tmp_path / "faces", {"a": 1, "b": 1})
    first = read_people(tmp_path / "faces", "orl", size=4)
    stamp = [path.stat().st_mtime_ns for path in (cache / "decoded").iterdir()]
    second = read_people(tmp_path / "faces", "orl", size=4)
    assert isinstance(second.images, np.memmap)
    assert not second.images.flags.writeable
    assert np.array_equal(first.images, second.images)
    assert [path.stat().st_mtime_ns for path in (cache / "decoded").iterdir()] == stamp
    read_people(tmp_path / "faces", "orl", size=5)
    assert len(list((cache / "decoded").iterdir())) == 2  # another size is another file


def test_crop_keeps_the_proportions(tmp_path: Path) -> None:
    """Left and right quarters of a wide picture are cut off, not squeezed in."""
    wide = np.zeros((8, 16, 3), np.uint8)
    wide[:, :4] = wide[:, 12:] = 255
    Image.fromarray(wide).save(tmp_path / "wide.png")
    assert decode([tmp_path / "wide.png"], 8, key="k").max() == 0
    assert decode([tmp_path / "wide.png"], (8, 16), key="k")[0].tolist() == wide.tolist()


@pytest.mark.parametrize(
    ("people", "sentence"),
    [
        (None, "is missing: put the folders of people there"),
        ({}, "should hold one folder for each person, got none"),
        ({"a": 0, "b": 1}, "a holds no pictures: get the data set again, or remove this folder"),
        ({"a": 1}, "should be named"),
        ({"HEIC": 1}, r"0000\.HEIC is of a kind that is not read: save it as JPEG or PNG"),
    ],
)
def test_folders_that_hold_no_people(tmp_path: Path, people: dict[str, int] | None, sentence: str) -> None:
    root = tmp_path / "faces"
    if people is not None:
        root.mkdir()
        write_people(root, people)
    for path in root.glob("HEIC/*"):
        path.rename(path.with_suffix(".HEIC"))
    with pytest.raises(DataError, match=sentence):
        read_people(root, "orl", size=4, pattern=r"{person}_\d+_\d+\.jpg")


def test_a_picture_that_does_not_decode(tmp_path: Path, cache: Path) -> None:
    write_people(tmp_path / "faces", {"a": 2})
    (tmp_path / "faces" / "a" / "a_0001.png").write_bytes(picture(5)[:50])
    with pytest.raises(DataError, match=r"a_0001\.png cannot be decoded as a picture .*: get it again or remove it"):
        read_people(tmp_path / "faces", "orl", size=4)
    assert list((cache / "decoded").iterdir()) == []  # no half-filled cache


def test_every_kind_of_picture_is_read(tmp_path: Path, cache: Path) -> None:
    """Shades of 40, 50, ... in files whose names end as cameras, telephones and the web have it."""
    kinds = "jpg JPEG, JFIF JPEG, png PNG, gif GIF, webp WEBP, tif TIFF, TIFF TIFF, bmp BMP, ppm PPM"
    (tmp_path / "faces" / "a").mkdir(parents=True)
    for number, (suffix, kind) in enumerate(map(str.split, kinds.split(", ")), start=4):
        (tmp_path / "faces" / "a" / f"{number:02}.{suffix}").write_bytes(picture(10 * number, kind=kind))
    (tmp_path / "faces" / "a" / "99.pgm").write_bytes(b"P5 2 1 15\n\x08\x08")
    images = read_people(tmp_path / "faces", "orl", size=8).images
    assert np.abs(images[:, 4, 4, 0].astype(int) - [*range(40, 130, 10), 136]).max() <= 4


def test_what_systems_leave_behind_is_passed_over(tmp_path: Path) -> None:
    write_people(tmp_path, {"a": 2, "b": 1})
    for place in (
        ".DS_Store", "._a", ".ipynb_checkpoints/a.png", "__MACOSX/a/._1.png", "a/.DS_Store", "a/._a_0000.png",
        "a/Thumbs.db", "a/desktop.ini", "a/.ipynb_checkpoints/a_0000.png", "a/__MACOSX/a.png", "a/notes.txt",
    ):  # fmt: skip
        (tmp_path / place).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / place).write_bytes(b"no picture")
    (tmp_path / "a" / "folder.png").mkdir()
    images = read_people(tmp_path, "orl", size=4)
    assert images.class_names == ("a", "b")
    assert images.files == ("a/a_0000.png", "a/a_0001.png", "b/b_0000.png")


COMPOSED, APART = (unicodedata.normalize(form, "Ren\u00e9e") for form in ("NFC", "NFD"))


@pytest.mark.parametrize("pair", [(COMPOSED, APART), ("Al B Jr", "Al B Jr."), ("Al B Jr", "Al B Jr ")])
def test_two_folders_that_are_one_on_some_computers(tmp_path: Path, pair: tuple[str, str]) -> None:
    write_people(tmp_path, dict.fromkeys(pair, 1))
    with pytest.raises(DataError, match=r"one name on some computers: rename or remove one\.") as caught:
        read_people(tmp_path, "orl", size=4)
    assert str(caught.value).isascii()  # otherwise both would look the same


def test_names_are_the_same_on_every_computer(tmp_path: Path) -> None:
    """A folder taken apart, its files composed; and one that lost its last dot, which its files still have."""
    for folder, file in ((APART, COMPOSED), ("Al_B_Jr", "Al_B_Jr."), ("Zoe", "Zoe")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{file}_1_2.png").write_bytes(picture(1))
    images = read_people(tmp_path, "orl", size=4, pattern=r"{person}_\d+_\d+\.\w+")
    assert images.class_names == ("Al B Jr", COMPOSED, "Zoe")
    assert images.files[1] == f"{COMPOSED}/{COMPOSED}_1_2.png"


def test_a_cache_that_cannot_be_written(tmp_path: Path, cache: Path) -> None:
    cache.parent.mkdir()
    cache.write_bytes(b"a file where the folder should be")
    with pytest.raises(DataError, match="cannot be written"):
        decode([tmp_path / "a.png"], 4, key="k")
