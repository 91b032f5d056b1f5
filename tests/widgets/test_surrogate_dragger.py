"""The sliders of chapter 10: each place shows its own surrogate and ends."""

import numpy as np
import pytest

from mia_kit.figures.data_centric import landed_map, place_name, surrogate_map
from mia_kit.toy import make_data
from mia_kit.toy.surrogate import SurrogateTable
from mia_kit.widgets.surrogate_dragger import ACROSS, UP, SurrogateDragger

AXIS = (-5.0, 0.0, 5.0)


@pytest.fixture
def table() -> SurrogateTable:
    """Nine places, two seeds and two starts. A surrogate is one point; only the second start's attacks end on it, and
    none does at (5, 5)."""
    places = np.array([[(x, y) for y in AXIS] for x in AXIS])  # (3, 3, 2)
    ends = np.stack([np.full((3, 3, 2), 9.0), places], axis=2)[:, :, None].repeat(2, axis=2)  # (3, 3, seeds, starts, 2)
    landed = np.zeros((3, 3, 2, 2), dtype=bool)
    landed[..., 1] = True
    landed[2, 2] = False
    return SurrogateTable(
        make_data(30), 2, AXIS, ((0.0, 0.0), (1.0, 1.0)), places[:, :, None], ends, landed, np.full((2, 2, 2), 8.0)
    )


def moving(dragger: SurrogateDragger) -> list[list[tuple[float, float]]]:
    return [list(zip(trace.x, trace.y, strict=True)) for trace in dragger.figure.data[-3:]]


def test_the_first_place_is_there_at_once_and_each_slider_moves_its_own_way(table: SurrogateTable) -> None:
    dragger = SurrogateDragger(table)
    assert moving(dragger) == [[(0, 0)], [(9, 9)] * 2, [(0, 0)] * 2]
    assert "Surrogate at (0, 0): 2 of 4 attacks end on it" in dragger.words.value
    dragger.sliders[ACROSS].value = 5.0
    assert moving(dragger)[0] == [(5, 0)]
    dragger.sliders[UP].value = -5.0
    assert moving(dragger)[0] == [(5, -5)] and moving(dragger)[2] == [(5, -5)] * 2
    dragger.sliders[UP].value = 5.0
    assert moving(dragger)[2] == [] and len(moving(dragger)[1]) == 4
    assert "0 of 4" in dragger.words.value


def test_the_figures_hold_the_shares(table: SurrogateTable) -> None:
    expected = np.full((3, 3), 0.5)
    expected[2, 2] = 0
    for draw in (surrogate_map, landed_map):
        assert draw(table).arrays["landed"].tolist() == expected.tolist()
    drawn = surrogate_map(table)
    assert [frame.name for frame in drawn.figure.frames] == [place_name(x, y) for x in AXIS for y in AXIS]
    assert "at (5, 5) 0%" in drawn.alt and "at (-5, 5) 50%" in drawn.alt
    heat = landed_map(table).figure.data[0]
    assert heat.z[2][2] == 0 and heat.z[0][2] == 0.5  # rows of the picture go up
    assert "0% at (5, 5)" in landed_map(table).alt
