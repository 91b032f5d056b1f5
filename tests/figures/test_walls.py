"""Walls of pictures: the right picture at the right place, and what the words and arrays say of each row."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from mia_kit.data import DataCard, ImageSet
from mia_kit.figures.data_centric import before_and_after
from mia_kit.figures.faces import face_rows
from mia_kit.figures.film import GAP, face_wall, film_strip
from mia_kit.figures.frontier import Mark, defended_wall
from mia_kit.figures.poisoning import poison_wall
from mia_kit.figures.stages import swap_wall
from mia_kit.figures.striking import attacked_wall
from mia_kit.figures.zoo import zoo_wall

NAMES, SIZE = ("person 1", "person 2", "person 3"), 12
JPEG = 3  # grey levels that the compression may be off
MARKS = [Mark(name, 0.1, accuracy, 0.5, 0.4, 0.6) for name, accuracy in (("dp_sgd", 0.5), ("none", 0.7), ("mid", 0.3))]


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
    assert drawn.figure.layout.yaxis.ticktext == ("start", "step 50", "the person")
    assert f"step 50: {expected[1]:.3f}" in drawn.alt


def moved(*shape, to):
    """Black pictures, the last one `to`."""
    pictures = np.zeros(shape, np.uint8)
    pictures[-1] = to
    return pictures


def hits(count, of):
    return np.arange(of) < count


LAST = np.moveaxis(shade(3, 3), 2, -1)
WALLS = {
    "first row, and ranks of 1": (
        lambda: swap_wall(moved(3, 2, 3, 8, 8, to=200), np.array([[1, 3], [1, 1], [2, 4]]), swaps="sab", names="pq"),
        {"hits": [0.5, 1, 0], "other_pictures": [0, 0, 1]},
        "a: 2 of 2 hits, 0 other pictures; b: 0 of 2 hits, 2 other pictures",
    ),
    "how far from the first row": (
        lambda: attacked_wall(moved(2, 3, 3, 8, 8, to=51), rows=["start", "margin"], columns=NAMES),
        {"moved": [0, 0.2]},
        "start 0.000; margin 0.200",
    ),
    "passes": (
        lambda: zoo_wall(LAST[:2], np.array([hits(2, 3), hits(1, 3)]), attacks=["PPA", "BREP"], names=NAMES),
        {"passed": [2 / 3, 1 / 3]},
        "PPA: 2 of these 3 pass; BREP: 1 of these 3 pass.",
    ),
    "the most accurate first": (
        lambda: defended_wall(LAST[:, :2], np.array([[2, 1], [1, 1], [2, 9]]), MARKS, names=NAMES[:2]),
        {"hits": [1, 0.5, 0]},
        "no defence, right on 70%: 2 of 2 recognised; DP-SGD 0.1, right on 50%: 1 of 2 recognised",
    ),
    "nearer to the surrogate": (
        lambda: before_and_after({"the person": LAST[0], "defended": LAST[1]}, {"defended": hits(1, 3)}, title="faces"),
        {"defended": [1 / 3]},
        "2 rows of faces, a column for each protected person: the person, defended. defended: 1 of 3 nearer",
    ),
    "private pictures above": (
        lambda: poison_wall(LAST[0], {"LPA": LAST[1]}, {"LPA": hits(5, 20)}, labels=list("012")),
        {"attack accuracy": [0.25]},
        "20 attacked pictures whose class an evaluator recognises: LPA 25%.",
    ),
}


@pytest.mark.parametrize("kind", WALLS)
def test_what_a_wall_counts(kind):
    draw, arrays, words = WALLS[kind]
    drawn = draw()
    assert words in drawn.alt and set(drawn.arrays) == set(arrays)
    for name, values in arrays.items():
        np.testing.assert_allclose(drawn.arrays[name], values)


def test_rows_show_the_people_asked_for():
    images = np.arange(6, dtype=np.uint8)[:, None, None] * np.ones((1, 8, 6), dtype=np.uint8)
    faces = ImageSet(images, np.array([0, 0, 1, 1, 2, 2]), ("a", "b", "c"), DataCard.read("orl"))
    drawn = face_rows(faces, people=(2, 0), per_person=2)
    assert [int(np.array(trace.z)[0, 0, 0]) for trace in drawn.figure.data] == [4, 5, 0, 1]
    assert "c and a" in drawn.alt
