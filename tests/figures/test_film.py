"""Walls of faces: the right face at the right place, and numbers that are the pictures'."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from mia_kit.figures.film import GAP, face_wall, film_strip

NAMES, SIZE = ("person 1", "person 2", "person 3"), 12
JPEG = 3  # grey levels that the compression may be off


def shade(*shape):
    """Faces of one grey each, every one lighter than the one before: uint8 of shape (*shape, 3, SIZE, SIZE)."""
    greys = np.linspace(20, 240, int(np.prod(shape))).astype(np.uint8).reshape(shape)
    return np.ones((*shape, 3, SIZE, SIZE), np.uint8) * greys[..., None, None, None]


def tile(figure, row, column):
    """The middle of a face on the wall, as one grey level."""
    source = figure.data[0].source
    assert source.startswith("data:image/jpeg;base64,")
    wall = np.asarray(Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))))
    y, x = row * (SIZE + GAP) + SIZE // 2, column * (SIZE + GAP) + SIZE // 2
    return int(wall[y, x, 0])


def test_a_wall_has_rows_and_columns_in_their_order():
    pictures = torch.from_numpy(shade(2, 3))
    drawn = face_wall(pictures, rows=["a", "b"], columns=NAMES)
    for row, column in np.ndindex(2, 3):
        assert tile(drawn.figure, row, column) == pytest.approx(int(pictures[row, column, 0, 0, 0]), abs=JPEG)
    assert drawn.figure.layout.yaxis.ticktext == ("a", "b") and drawn.figure.layout.xaxis.ticktext == NAMES


def test_the_strip_ends_with_the_truth_and_says_how_far_each_step_lies_from_it():
    film, truth = shade(2, 3), shade(1, 3)[0]
    drawn = film_strip(film, (0, 50), truth=truth, names=NAMES)
    assert tile(drawn.figure, 2, 1) == pytest.approx(int(truth[1, 0, 0, 0]), abs=JPEG)
    expected = np.abs(film.astype(float) - truth).mean(axis=(1, 2, 3, 4)) / 255
    np.testing.assert_allclose(drawn.arrays["difference"], expected)
    assert (
        drawn.figure.layout.yaxis.ticktext == ("start", "step 50", "the person")
        and f"step 50: {expected[1]:.3f}" in drawn.alt
    )
