"""Faces in one frame: what is cut out of which set, and that the public sets hold nobody of the private one."""

from pathlib import Path

import numpy as np
import pytest

from mia_kit.data import DataCard, DataError, ImageSet, faces
from mia_kit.data.aligned import FRAMES, PUBLIC, load_aligned, load_public_faces

SIZES = {
    "utkface": (96, 96), "celeba10k": (109, 89), "celeba_id": (128, 128), "lfw_ge8": (192, 192), "orl": (112, 92),
}  # fmt: skip
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


@pytest.mark.usefixtures("bright")
@pytest.mark.parametrize("name", FRAMES)
def test_the_frame_is_cut_out_and_nothing_around_it(name: str) -> None:
    cut = load_aligned(name, 16)
    assert cut.images.shape == (COUNTS.get(name, 2), 16, 16, *([] if name == "orl" else [3]))
    assert cut.images.min() == 255
    assert load_aligned(name).images.shape[1:3] == (64, 64)


@pytest.mark.usefixtures("bright")
def test_public_faces_are_those_of_both_sets() -> None:
    public = load_public_faces(8)
    assert public.shape == (7, 8, 8, 3) and public.dtype == np.uint8


def test_nobody_of_the_private_set_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real list of identities, and names for photographs: nothing is unpacked or decoded.

    That the people of `celeba_id` are those of its archive is checked in test_real_archives.
    """
    try:
        identities = faces.read_identities(faces.IDENTITIES.checked())
    except DataError as problem:
        pytest.skip(str(problem))
    monkeypatch.setattr(faces, "unpacked", lambda _: Path())
    monkeypatch.setattr(faces, "pictures_in", lambda _: [Path(name) for name in identities])
    monkeypatch.setattr(faces, "decode", lambda paths, *_, **__: np.zeros((len(paths), 1, 1, 3), dtype=np.uint8))
    public, private = faces.load_celeba10k(), {f"{person:05}" for person in faces.PRIVATE_PEOPLE}
    assert len(public) == 9706
    assert len(private) == 229
    assert private & {f"{person:05}" for person in identities.values()}  # they were there before they were left out
    assert not private & set(public.class_names)
    assert PUBLIC == ("utkface", "celeba10k")  # the other one has no identities
