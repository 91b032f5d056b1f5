"""The real data sets, where MIA_KIT_DATA has them: counts, classes and a pixel or two. Skipped elsewhere."""

from dataclasses import dataclass

import numpy as np
import pytest

from mia_kit.data import DataError, ImageSet, load
from mia_kit.data.faces import PRIVATE_PEOPLE
from mia_kit.data.folders import locate
from tests.lfw_pairs import load_pairs


@dataclass(frozen=True)
class Expected:
    images: tuple[int, ...]
    classes: int
    smallest: int  # images of the smallest class


EXPECTED = {
    "celeba_id": Expected((5524, 32, 32, 3), 229, 15),
    "celeba10k": Expected((9706, 32, 32, 3), 5280, 1),
    "cifar10": Expected((60000, 32, 32, 3), 10, 6000),
    "facescrub12": Expected((1846, 32, 32, 3), 12, 103),
    "fashion_mnist": Expected((70000, 28, 28), 10, 7000),
    "gtsrb": Expected((20471, 32, 32, 3), 43, 102),
    "lfw_ge8": Expected((4822, 32, 32, 3), 217, 8),
    "mnist": Expected((70000, 28, 28), 10, 6313),
    "utkface": Expected((8000, 32, 32, 3), 1, 8000),
}


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """One cache for all tests of this file: real archives take seconds to unpack."""
    folder = tmp_path_factory.getbasetemp() / "real"
    monkeypatch.setattr("mia_kit.data.folders._platform_cache", lambda: folder)


def real(name: str, size: int | None = None) -> ImageSet:
    try:
        present = locate(name) is not None
        images = load(name, size=size) if present or name == "fashion_mnist" else None
    except DataError:
        if locate(name) is not None:
            raise
        images = None
    if images is None:
        pytest.skip(f"MIA_KIT_DATA has no folder {name}")
    return images


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPECTED)
def test_counts(name: str) -> None:
    expected = EXPECTED[name]
    images = real(name, size=expected.images[1])
    assert images.images.shape == expected.images
    assert len(images.class_names) == expected.classes
    assert np.bincount(images.labels, minlength=expected.classes).min() == expected.smallest


def test_celeba_people_are_those_of_the_archive() -> None:
    images = real("celeba_id", size=32)
    assert {int(name) for name in images.class_names} == PRIVATE_PEOPLE


def test_lfw_pairs_that_are_complete() -> None:
    pairs = load_pairs(real("lfw_ge8", size=32))
    assert (pairs.same.sum(), (~pairs.same).sum()) == (796, 1)
