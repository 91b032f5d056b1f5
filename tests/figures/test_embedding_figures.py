"""The figures of chapter 2: they show the numbers they were given, and can be read without colour and without sight."""

import numpy as np
import pandas as pd
import pytest

from mia_kit.figures.embedding import QUIET, tsne_morph
from mia_kit.figures.embedding_distances import distance_distributions, ratio_against_factor
from mia_kit.metrics import mean_interval, scaled_distances

FACTORS = (-0.05, 0.0, 0.1)
LABELS = np.repeat(np.arange(12), 5)
NAMES = tuple(f"person {number}" for number in range(1, 13))


def maps():
    """Clouds on a circle that tighten as the factor rises."""
    random = np.random.default_rng(0)
    angle = LABELS / 12 * 2 * np.pi
    centres, noise = 0.8 * np.stack([np.cos(angle), np.sin(angle)], axis=1), random.normal(size=(60, 2))
    return {factor: centres + (0.12 - factor) * 0.3 * noise for factor in FACTORS}


def test_map_and_frames_hold_every_point_of_every_factor():
    drawn = tsne_morph(maps(), LABELS, class_names=NAMES)
    assert [frame.name for frame in drawn.figure.frames] == ["-0.05", "0", "0.1"]
    for frame, points in zip(drawn.figure.frames, maps().values(), strict=True):
        shown = np.concatenate([np.stack([trace.x, trace.y], axis=1) for trace in frame.data])
        assert sorted(map(tuple, shown)) == sorted(map(tuple, points.round(3)))
    first = np.concatenate([trace.x for trace in drawn.figure.data])
    assert first.tolist() == np.concatenate([trace.x for trace in drawn.figure.frames[1].data]).tolist()
    assert drawn.figure.layout.sliders[0].active == 1
    assert [step.args[0][0] for step in drawn.figure.layout.sliders[0].steps] == ["-0.05", "0", "0.1"]


def test_map_words_and_arrays_are_the_ratio_in_the_map():
    drawn = tsne_morph(maps(), LABELS, class_names=NAMES)
    expected = [scaled_distances(points, LABELS).mean_ratio for points in maps().values()]
    np.testing.assert_allclose(drawn.arrays["ratio"], expected)
    assert all(f"{ratio:.3f}" in drawn.alt for ratio in expected)


def test_highlighted_people_differ_in_marker_and_colour_together_and_the_rest_is_grey():
    *eight, quiet = tsne_morph(maps(), LABELS, class_names=NAMES).figure.data
    assert len({(trace.marker.color, trace.marker.symbol) for trace in eight}) == 8
    assert len({trace.marker.symbol for trace in eight[:7]}) == len({trace.marker.color for trace in eight[:7]}) == 7
    assert quiet.marker.color == QUIET and len(quiet.x) == 20 and quiet.marker.size < eight[0].marker.size


@pytest.fixture(scope="module")
def table():
    return pd.DataFrame(
        {"strength": factor, "measure": measure.removeprefix("mean_"), "value": value}
        for factor, points in maps().items()
        for measure in ("mean_within", "mean_between", "nearest_within", "nearest_between")
        for value in vars(scaled_distances(points, LABELS))[measure]
    )


def test_distributions_have_the_means_and_keep_the_area_of_each_row(table):
    """Every outline in a panel has the same area, since each row holds the same number of samples."""
    drawn = distance_distributions(table)
    for kind, means in drawn.arrays.items():
        rows = table[table["measure"] == kind]
        np.testing.assert_allclose(means, rows.groupby("strength")["value"].mean())
        assert f"{kind.replace('_', ' ')} {means[0]:.2f}" in drawn.alt
    figure = drawn.figure
    for axis in ("x", "x2"):
        traces = [trace for trace in figure.data if trace.xaxis == axis]
        assert len(traces) == 6 and {trace.line.dash for trace in traces} == {"solid", "dash"}
        areas = [np.trapezoid(np.array(trace.y) - np.floor(trace.y[0]), trace.x) for trace in traces]
        np.testing.assert_allclose(areas, areas[0], rtol=1e-2)
        assert max(areas) > 0
    assert [trace.name for trace in figure.data if trace.showlegend] == ["within a class", "between classes"]


def test_ratio_shows_mean_and_interval():
    values = {"held out": np.array([[0.5, 0.4, 0.3], [0.6, 0.45, 0.2], [0.55, 0.5, 0.25]])}
    drawn = ratio_against_factor(values, FACTORS)
    mean = drawn.figure.data[1]
    one = mean_interval([0.5, 0.6, 0.55])
    assert mean.y[0] == pytest.approx(one.value)
    assert mean.error_y.array[0] == pytest.approx(one.high - one.value, abs=1e-4)
    np.testing.assert_allclose(drawn.arrays["held out: mean"], [0.55, 0.45, 0.25])
    assert f"-0.05: 0.550 ± {one.high - one.value:.3f}" in drawn.alt and "3 seeds" in drawn.alt


def test_lines_differ_in_marker_dash_and_colour_and_one_seed_has_no_interval():
    drawn = ratio_against_factor({"held out": [[1, 2, 3]], "training": [[1, 1, 1]]}, FACTORS)
    lines = [trace for trace in drawn.figure.data if trace.showlegend is None]
    assert len({trace.marker.symbol for trace in lines}) == len({trace.line.dash for trace in lines}) == 2
    assert not any(trace.error_y.visible for trace in lines)
    assert "1 seed" in drawn.figure.layout.title.text and "interval" not in drawn.alt
