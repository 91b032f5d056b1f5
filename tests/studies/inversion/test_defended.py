"""A frontier's points, counted by hand: two defences, two people, two seeds."""

import pytest

from mia_kit.runs.table import tidy
from mia_kit.studies.inversion.defended import against_none, by_defence, training_seconds

HITS = {("smoothing", 0.0): (1, 1), ("smoothing", -0.2): (1, 0), ("mid", 0.03): (0, 0)}
ACCURACY = {("smoothing", 0.0): 0.8, ("smoothing", -0.2): 0.75, ("mid", 0.03): 0.5}


def test_points_and_differences() -> None:
    rows = []
    for (defence, strength), hits in HITS.items():
        for seed in (1, 2):
            shared = {"study": "inversion", "world": "drawn", "seed": seed, "defence": defence, "strength": strength}
            attack = {**shared, "attack": "ppa", "loss": "strongest", "measure": "acc1"}
            rows += [{**attack, "unit": unit, "value": hit} for unit, hit in enumerate(hits)]
            rows.append({**shared, "unit": None, "measure": "accuracy", "value": ACCURACY[defence, strength]})
    points = by_defence(tidy(rows)).set_index("defence")
    assert points.loc["none", "value"] == 1 and points.loc["smoothing", "value"] == 0.5
    assert points.loc["mid", "accuracy"] == 0.5 and points.loc["smoothing", "low"] < 0.5
    less = against_none(tidy(rows))
    assert list(less["defence"]) == ["mid", "smoothing"] and list(less["value"]) == [-1, -0.5]
    assert list(less["cost"]) == pytest.approx([0.3, 0.05])


def test_seconds_of_training_with_the_shared_first_half() -> None:
    by_seed = [
        {"FirstHalf": 4.0, "Target, smoothing 0": 6, "Target, mid 0.03": 15, "Target, smoothing 0, strangers": 99},
        {"FirstHalf": 6.0, "Target, smoothing 0": 4, "Target, mid 0.03": 25, "AttackCell": 1},
    ]
    seeds = {"1": {"seconds": 3}} | {str(seed): {"seconds_by": spent} for seed, spent in enumerate(by_seed, 2)}
    frame = training_seconds({"name": "x", "seeds": seeds})
    assert frame.to_numpy().tolist() == [["none", 0.0, 10.0, 1.0], ["mid", 0.03, 20.0, 2.0]]
    with pytest.raises(ValueError, match="x must say what its seconds went to"):
        training_seconds({"name": "x", "seeds": {"1": {"seconds": 3}}})
