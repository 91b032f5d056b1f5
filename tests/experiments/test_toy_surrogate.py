"""The toy of the data-centric defence: its recipe, what the trainer gets, summaries, and a small run in full."""

import json

import numpy as np
import pytest
import torch

from mia_kit.defences import DataCentric
from mia_kit.experiments import toy_surrogate
from mia_kit.experiments.runner import read_recipe
from mia_kit.toy import make_data
from mia_kit.toy.surrogate import surrogate_cloud

SMALL = {"seeds": 3, "points": 60, "training_steps": 150, "max_steps": 150}


def test_recipe_asks_for_fifty_seeds_and_for_all_steps_together():
    recipe = read_recipe("toy_surrogate")
    assert recipe["seeds"] == 50
    assert [] in recipe["steps"] and ["injection", "loss", "curvature"] in recipe["steps"]


def test_the_trainer_gets_the_cloud_under_the_protected_label():
    data, cloud = make_data(60), surrogate_cloud((10, -10), 20, seed=0)
    got = toy_surrogate.defended(data, 2, DataCentric(("injection",)), cloud, seed=0)
    assert torch.equal(got.points[:60], data.points) and got.labels[60:].tolist() == [2] * 20
    assert sorted(got.points[60:].tolist()) == sorted(cloud.tolist())
    nothing = toy_surrogate.defended(data, 2, DataCentric(()), cloud, seed=0)
    assert torch.equal(nothing.points, data.points) and torch.equal(nothing.labels, data.labels)


def test_noise_is_a_share_of_the_planes_side():
    data, cloud = make_data(3000), surrogate_cloud((10, -10), 1000, seed=0)
    got = toy_surrogate.defended(data, 2, DataCentric(("curvature",)), cloud, seed=0)
    moved = got.points[3000:] - data.of_class(2)
    assert moved.std() == pytest.approx(32 * 8 / 255, rel=0.05)


def test_summary_resamples_seeds():
    """Ten seeds of a hundred equal values each: the interval is that of ten."""
    values = np.repeat(np.arange(10.0)[:, None], 100, axis=1)
    found = toy_surrogate.summary(values)
    assert found["value"] == found["median"] == 4.5
    assert 2 < found["low"] < 3.2 and 5.8 < found["high"] < 7


def test_a_small_run():
    recipe = read_recipe("toy_surrogate") | SMALL
    recipe |= {"steps": [[], ["injection", "loss", "curvature"]], "places": [[10.0, -10.0]]}
    results = toy_surrogate.run(recipe, progress=False)
    bare, full = json.loads(json.dumps(results))["cells"]
    assert full["steps"] == ["injection", "loss", "curvature"] and full["place"] == [10, -10]
    assert np.array(full["distances"]).shape == (2, 3, 5)
    assert full["gap"]["value"] == pytest.approx(
        full["to_protected"]["value"] - full["to_surrogate"]["value"], abs=1e-3
    )
    to_protected, to_surrogate = np.array(full["distances"])
    assert full["on_surrogate"]["value"] == pytest.approx((to_surrogate < to_protected).mean(), abs=1e-3)
    assert bare["accuracy"]["value"] > 0.95
