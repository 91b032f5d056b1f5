"""The figures of chapter 1: their numbers are the model's, and they can be read without colour and without sight."""

import json

import numpy as np
import pytest

from mia_kit.figures import toy as figures
from mia_kit.figures.reproduce import REFERENCES, difference
from mia_kit.toy import invert, invert_grid, load_table, make_data

FACTORS = (0.05, 0.0, -0.05)


@pytest.fixture(scope="module")
def toy():
    table = load_table()
    models = {a: table.model(a, 42) for a in FACTORS}
    return models, {a: invert(model) for a, model in models.items()}, make_data()


def committed(number, name):
    return np.array(json.loads((REFERENCES / f"{number}.json").read_text())[name])


def test_maps_show_the_committed_numbers_words_and_markers(toy):
    models, paths, data = toy
    drawn = figures.decision_maps(models, paths, data, cells=20)
    assert difference(drawn.arrays["distance"], committed("1.1", "distance")) < 0.02
    assert difference(drawn.arrays["steps"], committed("1.1", "steps")) < 0.02
    for path in paths.values():
        assert f"{path.distance:.2f}" in drawn.alt and str(path.steps) in drawn.alt
    clouds = [trace for trace in drawn.figure.data if (trace.name or "").startswith("training points")]
    assert len({trace.marker.symbol for trace in clouds}) == 3
    assert len({trace.marker.color for trace in clouds}) == 3


def test_region_is_the_class_with_the_greatest_confidence(toy):
    models, paths, data = toy
    drawn = figures.decision_maps({0.0: models[0.0]}, {0.0: paths[0.0]}, data, cells=33)
    regions = np.stack([trace.z for trace in drawn.figure.data[:3]])
    assert (np.isfinite(regions).sum(axis=0) == 1).all()
    axis = np.array(drawn.figure.data[0].x)
    row, column = np.abs(axis - 10).argmin(), np.abs(axis + 10).argmin()
    assert regions[1, row, column] > 0.9  # the centre of class 1 is (-10, 10): x runs along columns
    assert np.isfinite(regions[0, np.abs(axis + 10).argmin(), np.abs(axis).argmin()])


def test_leakage_curve_is_the_median_over_seeds_and_the_share_inside():
    inversions = invert_grid(load_table(), ((-3.0, -10.0), (0.0, 0.0)), max_steps=60)
    drawn = figures.leakage_curve(inversions)
    median = np.median(inversions.distance[:, :, 0], axis=1)
    np.testing.assert_allclose(drawn.arrays["median_log"], np.log10(median), rtol=1e-5)
    share = (inversions.distance[:, :, 1] < figures.INSIDE).mean(axis=1)
    np.testing.assert_allclose(drawn.arrays["inside"][1], share)
    assert f"{median[0]:.3g} at" in drawn.alt and "from (0, 0)" in drawn.alt


def test_curves_and_surfaces(toy):
    models, paths, _ = toy
    curves = figures.path_curves(paths)
    assert difference(curves.arrays["median_gradient_norm"], committed("1.3", "median_gradient_norm")) < 0.05
    assert len({trace.line.dash for trace in curves.figure.data}) == 3
    surfaces = figures.loss_surfaces(models)
    assert difference(surfaces.arrays["loss_quantiles"], committed("1.4", "loss_quantiles")) < 0.02
