"""Faces in one frame: what is cut out of which set."""

import numpy as np
import pytest

from mia_kit.data import DataCard, ImageSet
from mia_kit.data.aligned import FRAMES, load_aligned, load_public_faces

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
