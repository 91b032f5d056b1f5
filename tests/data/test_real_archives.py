"""The real data sets, where MIA_KIT_DATA has them: counts, classes and a pixel or two. Skipped elsewhere."""

import numpy as np
import pytest

from mia_kit.data import DataError, ImageSet, load
from mia_kit.data.faces import PRIVATE_PEOPLE
from mia_kit.data.folders import locate

# Shape of the images, number of classes, images of the smallest class.
EXPECTED = {
    "celeba_id": ((5524, 32, 32, 3), 229, 15),
    "celeba10k": ((9706, 32, 32, 3), 5280, 1),
    "cifar10": ((60000, 32, 32, 3), 10, 6000),
    "facescrub12": ((1846, 32, 32, 3), 12, 103),
    "fashion_mnist": ((70000, 28, 28), 10, 7000),
    "gtsrb": ((20471, 32, 32, 3), 43, 102),
    "lfw_ge8": ((4822, 32, 32, 3), 217, 8),
    "mnist": ((70000, 28, 28), 10, 6313),
    "utkface": ((8000, 32, 32, 3), 1, 8000),
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
    shape, classes, smallest = EXPECTED[name]
    images = real(name, size=shape[1])
    assert images.images.shape == shape and len(images.class_names) == classes
    assert np.bincount(images.labels, minlength=classes).min() == smallest


def test_the_people_of_celeba_id_are_those_whom_celeba10k_leaves_out() -> None:
    people = set(real("celeba_id", size=32).class_names)
    assert {int(name) for name in people} == PRIVATE_PEOPLE
    assert not people & set(real("celeba10k", size=32).class_names)
