"""Chapter 2 on real faces: a small run end to end, and the stored evidence."""

import json

import numpy as np
import pytest

from mia_kit.experiments import embedding_measures as measures
from mia_kit.experiments import orl_embedding
from mia_kit.experiments.runner import read_recipe
from mia_kit.metrics import scaled_distances
from mia_kit.runs.first_house import evidence_folder, read_evidence

RECIPE = read_recipe("orl_embedding")
SMALL = RECIPE | {
    "smoothings": [-0.05, 0.0, 0.1],
    "epochs": 3,
    "tsne": {"perplexity": 15, "iterations": 250, "seed": 0},
}


@pytest.fixture(scope="module")
def faces():
    return orl_embedding.embed(SMALL, seed=0, progress=False)


def test_faces_are_embedded_for_each_factor(faces):
    assert list(faces.features) == [-0.05, 0.0, 0.1]
    assert all(features.shape == (400, 128) for features in faces.features.values())
    assert np.bincount(faces.labels[faces.is_training]).tolist() == [5] * 40
    assert all(0 < accuracy <= 1 for accuracy in faces.test_accuracy.values())


def test_distances_are_those_of_the_chosen_photographs(faces):
    held_out = ~faces.is_training
    expected = scaled_distances(faces.features[0.1][held_out], faces.labels[held_out])
    assert faces.distances()[0.1].mean_ratio == expected.mean_ratio
    assert faces.distances(held_out=False)[0.1].mean_ratio != expected.mean_ratio
    rows = orl_embedding.table_rows(faces)
    assert rows[2]["within / between, held out"] == f"{expected.mean_ratio:.3f}" and rows[1]["smoothing"] == "0"


def test_the_same_seed_gives_the_same_features(faces):
    again = orl_embedding.embed(SMALL | {"smoothings": [0.1]}, seed=0, progress=False)
    np.testing.assert_allclose(again.features[0.1], faces.features[0.1], atol=1e-5)


def test_a_small_run_gives_results_that_json_can_hold():
    recipe = SMALL | {"seeds": 2, "epochs": 1, "toy": {"smoothings": [0.0, 0.1], "held_out_seed": 18}}
    results = orl_embedding.run(recipe, progress=False)
    stored = json.loads(json.dumps(results))
    assert np.shape(stored["held_out"]["mean_ratio"]["by_seed"]) == (2, 3)
    assert np.shape(stored["training"]["histograms"]["nearest_within"]) == (3, 40)
    assert np.sum(stored["held_out"]["histograms"]["mean_within"]) == 3 * 2 * 200
    maps = measures.unpacked_maps(stored["maps"])
    assert list(maps) == [-0.05, 0.0, 0.1] and maps[0.1].shape == (400, 2)
    assert np.linalg.norm(maps[0.0], axis=1).max() == pytest.approx(1, abs=1e-3)


@pytest.fixture(scope="module")
def evidence():
    return read_evidence("orl_embedding")


def test_stored_evidence_is_small_and_of_the_current_recipe(evidence):
    assert (evidence_folder() / "orl_embedding.json").stat().st_size < 400_000
    assert evidence["recipe"] == RECIPE
    assert min(map(min, evidence["results"]["test_accuracy"]["by_seed"])) > 0.9


@pytest.mark.slow
def test_a_stored_number_can_be_measured_again(evidence):
    """One of the 45 classifiers, trained anew; other processors may round otherwise, hence the tolerances."""
    faces = orl_embedding.embed(RECIPE | {"smoothings": [0.1]}, seed=0, progress=False)
    results, column = evidence["results"], RECIPE["smoothings"].index(0.1)
    assert faces.test_accuracy[0.1] == pytest.approx(results["test_accuracy"]["by_seed"][0][column], abs=0.02)
    for held_out, name in ((True, "held_out"), (False, "training")):
        stored = results[name]["mean_ratio"]["by_seed"][0][column]
        assert faces.distances(held_out=held_out)[0.1].mean_ratio == pytest.approx(stored, rel=0.05)
