"""Chapter 10 live at a size of a few points and faces."""

import numpy as np
import pandas as pd
import pytest
import torch

from mia_kit.runs.table import tidy
from mia_kit.studies.data_centric import plane, quick
from mia_kit.toy import make_data
from mia_kit.toy.surrogate import surrogate_cloud

BRIEF = {"points": 30, "training_steps": 30, "attack_steps": 10}


def test_the_trainer_gets_the_cloud_under_the_protected_label():
    data, cloud = make_data(60), surrogate_cloud((10, -10), 20, seed=0)
    given = plane.protected_data(data, cloud, ("injection",), seed=0)
    assert torch.equal(given.points[:60], data.points) and given.labels[60:].tolist() == [2] * 20
    assert sorted(given.points[60:].tolist()) == sorted(cloud.tolist())
    bare = plane.protected_data(data, cloud, (), seed=0)
    assert torch.equal(bare.points, data.points) and torch.equal(bare.labels, data.labels)


def test_noise_is_a_share_of_the_planes_side():
    data, cloud = make_data(3000), surrogate_cloud((10, -10), 1000, seed=0)
    moved = plane.protected_data(data, cloud, ("curvature",), seed=0).points[3000:] - data.of_class(2)
    assert moved.std() == pytest.approx(32 * 8 / 255, rel=0.05)


def test_the_table_of_places():
    table = plane.surrogate_table((-14.0, 0.0), seeds=2, **BRIEF)
    assert table.ends.shape == (2, 2, 2, 5, 2) and table.clouds.shape == (2, 2, 10, 2)
    assert np.abs(table.clouds.mean(axis=2)[0, 1] - [-14, 0]).max() < 2  # across first
    assert table.bare.shape == (2, 5, 2) and table.landed().shape == (2, 2)
    protected = table.data.of_class(table.protected).numpy()
    end = table.ends[1, 0, 0, 3]  # the clouds kept are those of the first seed
    gaps = [np.linalg.norm(points - end, axis=1).min() for points in (table.clouds[1, 0], protected)]
    assert table.on_surrogate[1, 0, 0, 3] == (gaps[0] < gaps[1])


def test_ends_by_steps():
    results = plane.by_steps({"nothing": (), "injection": ("injection",)}, seeds=2, **BRIEF)
    assert {name: landed.to_protected.shape for name, landed in results.items()} == dict.fromkeys(results, (2, 5))


def test_a_scene_of_drawn_people(monkeypatch, tiny_generator):
    monkeypatch.setattr(quick, "load_dcgan", lambda: tiny_generator)
    scene = quick.set_up(people=5, photographs=8, protected=2)
    assert scene.images.shape == (40, 3, 32, 32) and scene.test_images.shape == (10, 3, 32, 32)
    assert scene.labels.tolist() == [person for person in range(5) for _ in range(8)]
    assert [pictures.shape for pictures in scene.strangers.values()] == [(8, 3, 32, 32)] * 2
    drawn = quick.as_seen(tiny_generator.synthesise(scene.latents[1]))
    assert torch.allclose(scene.truth[1], drawn, atol=1e-5)


def test_shares_by_hand():
    rows = [
        {"defence": defence, "attack": "ppa", "seed": seed, "unit": unit, "measure": "acc1", "value": value}
        for defence, value in (("mid", 1.0), ("none", 0.0))
        for seed in (0, 1)
        for unit in (0, 1)
    ]
    rows[0]["value"] = 0.0
    table = tidy(pd.DataFrame(rows).assign(study="data_centric", world="drawn"))
    shares = quick.shares(table, "attack", measure="acc1")
    assert shares["defence"].tolist() == ["none", "mid"]
    assert shares["value"].tolist() == [0, 0.75]
    assert shares["low"].min() >= 0 and shares["high"].max() <= 1, "Student's interval would leave [0, 1]"
