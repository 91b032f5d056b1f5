"""Faces in one frame: what is cut out of which set."""

import numpy as np
import pytest

from mia_kit.data import DataCard, ImageSet
from mia_kit.data.aligned import FRAMES, load_aligned, load_public_faces, public_people

SIZES = {
    "utkface": (96, 96), "celeba10k": (109, 89), "celeba": (218, 178), "celeba_id": (128, 128),
    "lfw_ge8": (192, 192), "orl": (112, 92),
}  # fmt: skip
COUNTS = {"utkface": 3, "celeba10k": 4}


def bright_faces(name: str) -> ImageSet:
    """A set in its own size: white where its frame lies, black around it."""
    images = np.zeros((COUNTS.get(name, 2), *SIZES[name], 3), dtype=np.uint8)
    images[:, *FRAMES[name]] = 255
    if name == "orl":
        images = images[..., 0]
    return ImageSet(images, np.zeros(len(images), dtype=np.int64), ("a",), DataCard.read(name))


@pytest.fixture(autouse=True)
def bright(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mia_kit.data.aligned.load", bright_faces)


@pytest.mark.parametrize("name", FRAMES)
def test_the_frame_is_cut_out_and_nothing_around_it(name: str) -> None:
    cut = load_aligned(name, 16)
    assert cut.images.shape == (COUNTS.get(name, 2), 16, 16, *([] if name == "orl" else [3]))
    assert cut.images.min() == 255
    assert load_aligned(name).images.shape[1:3] == (64, 64)


def test_public_faces_are_those_of_both_sets() -> None:
    public = load_public_faces(8)
    assert public.shape == (7, 8, 8, 3) and public.dtype == np.uint8


def test_public_people_have_two_photographs_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of three people of the first set and one of the second; of the third set those who are alike in all."""
    whose = {"lfw_ge8": [0, 0, 1, 2, 2, 2], "celeba10k": [5, 7, 7], "utkface": [0] * 5}

    def faces(name: str) -> ImageSet:
        labels = np.array(whose[name])
        images = np.full((len(labels), *SIZES[name], 3), 10 * len(labels), dtype=np.uint8)
        images[:, :, :] += labels[:, None, None, None].astype(np.uint8)
        return ImageSet(images, labels, tuple("abcdefgh"), DataCard.read(name))

    # Ages, genders, races: the first two differ in gender alone, the last two are alike, the third is of another race.
    attributes = np.array([[20, 0, 1], [20, 1, 1], [60, 0, 2], [60, 0, 3], [60, 0, 3]])
    monkeypatch.setattr("mia_kit.data.aligned.load", faces)
    monkeypatch.setattr("mia_kit.data.aligned.utkface_attributes", lambda _: attributes)
    images, labels = public_people(16)
    assert images.shape == (9, 3, 16, 16) and labels.tolist() == [0, 0, 1, 1, 1, 2, 2, 3, 3]
    assert images[:, 0, 0, 0].tolist() == [60, 60, 62, 62, 62, 37, 37, 50, 50]
