"""Summaries of leakage, from tables made by hand."""

import numpy as np
import pytest

from mia_kit.experiments.face_leakage import advantage, summarise

PEOPLE = np.linspace(0.3, 0.5, 40)


def leak(shift: float, seeds: tuple[float, ...] = (0.0, 0.01, -0.01)) -> dict:
    """A measure whose mean is 0.4 + shift, spread over people and seeds."""
    own = PEOPLE + shift
    return {"value": own.mean(), "by_person": own.tolist(), "by_seed": [float(own.mean() + seed) for seed in seeds]}


def test_advantage_is_the_relative_change() -> None:
    found = advantage({"acc1_all": leak(0.2)}, {"acc1_all": leak(0.0)})
    assert found.value == pytest.approx(0.5)
    assert found.low < 0.5 < found.high


def test_summary_keeps_seeds_and_resamples_people() -> None:
    seeds = [
        {
            "classifier": {"accuracy": 0.8 + seed / 10},
            "by_person": {"acc1_all": PEOPLE + seed / 10},
            "film": {"acc1": np.array([0.1, 0.2])},
            "judges": {"threshold": 0.5, "genuine": 0.9 - seed / 10, "named": 1.0},
            "cosine": -0.1,
            "cosines": np.array([np.nan, -0.1]),
            "norms": np.array([1.0, 2.0]),
        }
        for seed in range(2)
    ]
    found = summarise(seeds)
    assert found["accuracy"] == [0.8, 0.9]
    assert found["acc1_all"]["value"] == pytest.approx(0.45)
    assert found["acc1_all"]["by_seed"] == pytest.approx([0.4, 0.5])
    assert found["acc1_all"]["low"] < 0.45 < found["acc1_all"]["high"]
    assert found["film"]["acc1"] == [[0.1, 0.2], [0.1, 0.2]]
    assert found["cosines"] == [-0.1]
    assert found["judges"]["genuine"] == [0.9, 0.8]
