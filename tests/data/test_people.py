"""Folders of people, decoding and the cache of decoded pictures."""

from pathlib import Path

import numpy as np
import pytest
from tiny_data import colours, picture, write_people

from mia_kit.data import DataError
from mia_kit.data.decoding import decode, fingerprint
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


def test_a_changed_picture_makes_a_new_key(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(picture(1))
    before = fingerprint([path])
    path.write_bytes(picture(2, (16, 16)))
    assert fingerprint([path]) != before


def test_crop_keeps_the_proportions(tmp_path: Path) -> None:
    """Left and right quarters of a wide picture are cut off, not squeezed in."""
    from PIL import Image

    wide = np.zeros((8, 16, 3), np.uint8)
    wide[:, :4] = wide[:, 12:] = 255
    Image.fromarray(wide).save(tmp_path / "wide.png")
    assert decode([tmp_path / "wide.png"], 8, key="k").max() == 0
    assert decode([tmp_path / "wide.png"], (8, 16), key="k")[0].tolist() == wide.tolist()


def test_missing_root() -> None:
    with pytest.raises(DataError, match=r"The folder .*nowhere is missing: put the folders of people there"):
        read_people(Path("nowhere"), "orl", size=4)


def test_no_people(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="should hold one folder for each person, got none"):
        read_people(tmp_path, "orl", size=4)


def test_a_person_without_pictures(tmp_path: Path) -> None:
    write_people(tmp_path, {"a": 1, "b": 0})
    with pytest.raises(DataError, match=r"b holds no pictures: get the data set again, or remove this folder"):
        read_people(tmp_path, "orl", size=4)


def test_one_picture_of_a_person_cannot_be_split(tmp_path: Path) -> None:
    write_people(tmp_path, {"a": 3, "b": 1})
    images = read_people(tmp_path, "orl", size=4)
    with pytest.raises(ValueError, match="the class 'b' needs more than per_class_train = 1 images .* got 1 instead"):
        images.split(1, seed=0)


@pytest.mark.parametrize("content", [b"", b"not a picture", picture(5)[:50], picture(5, (64, 64), "JPEG")[:-80]])
def test_a_picture_that_does_not_decode(tmp_path: Path, cache: Path, content: bytes) -> None:
    write_people(tmp_path / "faces", {"a": 2})
    (tmp_path / "faces" / "a" / "a_0001.png").write_bytes(content)
    with pytest.raises(DataError, match=r"a_0001\.png cannot be decoded as a picture .*: get it again or remove it"):
        read_people(tmp_path / "faces", "orl", size=4)
    assert list((cache / "decoded").iterdir()) == []  # no half-filled cache


def test_misnamed_picture(tmp_path: Path) -> None:
    write_people(tmp_path, {"a": 1})
    with pytest.raises(DataError, match="should be named"):
        read_people(tmp_path, "orl", size=4, pattern=r"{person}_\d+_\d+\.jpg")


@pytest.mark.parametrize("size", [0, (4, 0), -1])
def test_size_below_one_pixel(tmp_path: Path, size: int | tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="size must be at least 1 pixel each way"):
        decode([tmp_path / "a.png"], size, key="k")
