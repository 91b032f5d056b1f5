"""A frontier's points, counted by hand: two defences, two people, two seeds."""

import pytest

from mia_kit.runs.table import tidy
from mia_kit.studies.inversion.defended import against_none, by_defence

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
