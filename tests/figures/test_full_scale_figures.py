"""The figure of chapter 12."""

import pytest

from mia_kit.figures.full_scale import images_by_work


def test_every_recipe_stands_at_its_kinds_of_work():
    counts = {"toy": {"training": 100.0, "judging": 10.0}, "full": {"training": 1e6}}
    drawn = images_by_work(counts)
    toy, full = drawn.figure.data
    assert list(toy.x) == [100, 10] and list(toy.y) == ["training", "judging"] and list(full.y) == ["training"]
    assert toy.marker.symbol != full.marker.symbol
    assert drawn.arrays["toy"] == pytest.approx([2, 1]) and drawn.arrays["full"] == pytest.approx([6])
    assert "full: training 1,000,000." in drawn.alt and drawn.figure.layout.yaxis.categoryarray == (
        "judging",
        "training",
    )
