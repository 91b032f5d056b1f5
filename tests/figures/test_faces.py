"""Rows of photographs: the right people, as many as asked for."""

import numpy as np

from mia_kit.data import DataCard, ImageSet
from mia_kit.figures.faces import face_rows


def test_rows_show_the_people_asked_for():
    images = np.arange(6, dtype=np.uint8)[:, None, None] * np.ones((1, 8, 6), dtype=np.uint8)
    card = DataCard.read("orl")
    faces = ImageSet(images, np.array([0, 0, 1, 1, 2, 2]), ("a", "b", "c"), card)
    drawn = face_rows(faces, people=(2, 0), per_person=2)
    assert [int(np.array(trace.z)[0, 0, 0]) for trace in drawn.figure.data] == [4, 5, 0, 1]
    assert "c and a" in drawn.alt
