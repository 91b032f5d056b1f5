"""Faces in one frame: what is cut out of which set, and that the public sets hold nobody of the private one."""

from pathlib import Path

import numpy as np
import pytest

from mia_kit.data import DataCard, DataError, ImageSet, celeba10k, celeba_id, lfw_ge8, names, utkface
from mia_kit.data.aligned import FRAMES, PUBLIC, load_aligned, load_public_faces
from mia_kit.data.decoding import as_pair

SIZES = {
    "utkface": as_pair(utkface.SIZE),
    "celeba10k": celeba10k.SIZE,
    "celeba_id": as_pair(celeba_id.SIZE),
    "lfw_ge8": as_pair(lfw_ge8.SIZE),
    "orl": (112, 92),
}
COUNTS = {"utkface": 3, "celeba10k": 4}


def bright_faces(name: str) -> ImageSet:
    """A set in its own size: white where its frame lies, black around it."""
    images = np.zeros((COUNTS.get(name, 2), *SIZES[name], 3), dtype=np.uint8)
    images[:, *FRAMES[name]] = 255
    if name == "orl":
        images = images[..., 0]
    return ImageSet(images, np.zeros(len(images), dtype=np.int64), ("a",), DataCard.read(name))


@pytest.fixture
def bright(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mia_kit.data.aligned.load", bright_faces)


@pytest.mark.parametrize("name", FRAMES)
def test_frames_are_squares_inside_the_images(name: str) -> None:
    assert name in names()
    (height, width), (rows, columns) = SIZES[name], FRAMES[name]
    assert 0 <= rows.start < rows.stop <= height
    assert 0 <= columns.start < columns.stop <= width
    assert rows.stop - rows.start == columns.stop - columns.start


@pytest.mark.usefixtures("bright")
@pytest.mark.parametrize("name", FRAMES)
def test_the_frame_is_cut_out_and_nothing_around_it(name: str) -> None:
    faces = load_aligned(name, 16)
    assert faces.images.shape == (COUNTS.get(name, 2), 16, 16, *([] if name == "orl" else [3]))
    assert faces.images.min() == 255
    assert load_aligned(name).images.shape[1:3] == (64, 64)


@pytest.mark.usefixtures("bright")
def test_public_faces_are_those_of_both_sets() -> None:
    faces = load_public_faces(8)
    assert faces.shape == (7, 8, 8, 3)
    assert faces.dtype == np.uint8


def test_nobody_of_the_private_set_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real list of identities, and names for photographs: nothing is unpacked or decoded.

    That the people of `celeba_id` are those of its archive is checked in test_real_archives.
    """
    try:
        identities = celeba10k.read_identities(celeba10k.IDENTITIES.checked())
    except DataError as problem:
        pytest.skip(str(problem))
    monkeypatch.setattr(celeba10k, "unpacked", lambda _: Path())
    monkeypatch.setattr(celeba10k, "pictures_in", lambda _: [Path(name) for name in identities])
    monkeypatch.setattr(celeba10k, "decode", lambda paths, *_, **__: np.zeros((len(paths), 1, 1, 3), dtype=np.uint8))
    public, private = celeba10k.load(), {f"{person:05}" for person in celeba_id.PEOPLE}
    assert len(public) == 9706
    assert len(private) == 229
    assert private & {f"{person:05}" for person in identities.values()}  # they were there before they were left out
    assert not private & set(public.class_names)
    assert PUBLIC == ("utkface", "celeba10k")  # the other one has no identities
