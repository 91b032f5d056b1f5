"""What a decorated function is given fits the types of its signature; the function itself is as it was."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mia_kit.signatures import checked


@checked
def door(model: nn.Module, images: Tensor, *, seed: int, rate: float | None = 0.5, chosen: Sequence[int] = ()) -> tuple:
    """What it was given."""
    return model, images, seed, rate, chosen


MODEL, IMAGES = nn.Identity(), torch.zeros(2)


def test_what_fits_goes_through_and_numbers_become_plain() -> None:
    model, images, seed, rate, chosen = door(MODEL, IMAGES, seed=np.int64(3), rate=None, chosen=np.array([1, 2]))
    assert model is MODEL and images is IMAGES and rate is None
    assert type(seed) is int and chosen == (1, 2) and type(chosen[0]) is int
    assert door(MODEL, IMAGES, seed=0)[3:] == (0.5, ())
    assert door.__doc__ == "What it was given." and list(inspect.signature(door).parameters)[2] == "seed"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"model": "net"}, "model must be a torch.nn.Module, got 'net' instead"),
        ({"images": [0]}, r"images must be a Tensor, got \[0\] instead"),
        ({"seed": 0.5}, "seed must be a whole number, got 0.5 instead"),
        ({"rate": "fast"}, "rate must be a number, got 'fast' instead"),
        ({"chosen": "12"}, "chosen must be a sequence of whole numbers, got '12' instead"),
    ],
)
def test_what_does_not_fit_is_named(given: dict, sentence: str) -> None:
    with pytest.raises((TypeError, ValueError), match=sentence):
        door(**{"model": MODEL, "images": IMAGES, "seed": 0} | given)
