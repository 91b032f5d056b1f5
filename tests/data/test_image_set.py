"""ImageSet: its promises, splits by class, tensors."""

import numpy as np
import pytest
import torch

from mia_kit.data import DataCard, ImageSet

CARD = DataCard.read("orl")


def make(n=12, classes=3, shape=(8, 6)):
    images = np.random.default_rng(0).integers(0, 256, (n, *shape), dtype=np.uint8)
    return ImageSet(images, np.arange(n) % classes, tuple("abc"), CARD)


def test_split_takes_the_same_number_of_each_class_and_loses_nobody():
    own = make()
    train, test = own.split(3, seed=1)
    assert np.bincount(train.labels).tolist() == [3, 3, 3] and np.bincount(test.labels).tolist() == [1, 1, 1]
    together = {image.tobytes() for image in np.concatenate([train.images, test.images])}
    assert together == {image.tobytes() for image in own.images}


def test_split_depends_on_the_seed_alone():
    masks = [make(n=60).split_mask(10, seed=seed) for seed in (1, 1, 2)]
    assert (masks[0] == masks[1]).all() and (masks[0] != masks[2]).any()


@pytest.mark.parametrize(
    ("count", "sentence"), [(4, "'a' needs more than per_class_train = 4 images.*got 4"), (0, "at least 1")]
)
def test_split_refuses_a_class_with_too_few_images(count, sentence):
    with pytest.raises(ValueError, match=sentence):
        make().split(count, seed=0)


def test_tensors_run_from_minus_one_to_one():
    grey = ImageSet(np.array([[[0, 255]]], dtype=np.uint8), np.array([0]), ("a",), CARD)
    assert grey.to_tensor().tolist() == [[[[-1.0, 1.0]]]]
    colour = np.zeros((1, 4, 6, 3), dtype=np.uint8)
    colour[..., 2] = 255
    blue = ImageSet(colour, np.array([0]), ("a",), CARD).to_tensor((2, 3))
    assert blue.shape == (1, 3, 2, 3)
    assert torch.allclose(blue.mean(dim=(0, 2, 3)), torch.tensor([-1.0, -1.0, 1.0]), atol=1e-5)


@pytest.mark.parametrize(
    ("images", "labels", "sentence"),
    [
        (np.zeros((2, 4, 4)), np.zeros(2, np.int64), "must be uint8"),
        (np.zeros((2, 4, 4, 4), np.uint8), np.zeros(2, np.int64), r"got ndarray of shape \(2, 4, 4, 4\) and uint8"),
        (np.zeros((2, 4, 4), np.uint8), np.zeros(3, np.int64), r"shape \(2,\), got \(3,\)"),
        (np.zeros((2, 4, 4), np.uint8), np.zeros(2), "int64"),
        (np.zeros((2, 4), np.uint8), np.zeros(2, np.int64), r"\(n, h, w\), got \(2, 4\)"),
        (np.zeros((2, 4, 4), np.uint8), np.array([0, 3]), r"\[0, 3\), got values from 0 to 3"),
    ],
)
def test_what_does_not_fit_is_refused(images, labels, sentence):
    with pytest.raises(ValueError, match=sentence):
        ImageSet(images, labels, tuple("abc"), CARD)
