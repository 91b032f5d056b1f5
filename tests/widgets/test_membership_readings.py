"""Chapter 11's slider shows the means of the table at the factor it stands at."""

import numpy as np
import pandas as pd
import pytest

from mia_kit.runs.table import tidy
from mia_kit.widgets.membership_readings import METERS, SmoothingReadings


def table(*, without: str = "") -> pd.DataFrame:
    rows = [
        {"defence": "smoothing" if factor else "none", "strength": factor or np.nan, "seed": seed}
        | {"measure": measure, "attack": attack or None, "value": 0.6 + factor + seed / 10}
        for factor in (-0.2, 0.0, 0.2)
        for seed in (0, 1)
        for measure, attack in METERS
        if measure != without
    ]
    others = {**rows[0], "defence": "dropout", "strength": 0.5, "value": 9.0}
    shared = {"study": "membership", "world": "fashion_mnist", "unit": None}
    return tidy({**shared, **row} for row in (*rows, others))


def test_the_slider_begins_at_hard_labels_and_follows():
    shown = SmoothingReadings(table())
    slider = shown.sliders["smoothing factor"]
    assert slider.value == 0.0 and [value for _, value in slider.options] == [-0.2, 0.0, 0.2]
    assert shown.words.value.count("<span>0.65</span>") == len(METERS)
    assert shown.words.value.count('role="status"') == 1 and "powerful attack, advantage 0.65" in shown.words.value
    slider.value = -0.2
    assert "<span>0.45</span>" in shown.words.value and "width: 0%" in shown.words.value  # an AUC below guessing


@pytest.mark.parametrize("rows", [table(without="accuracy"), table().iloc[:0]])
def test_every_meter_wants_a_number(rows):
    with pytest.raises(ValueError, match="the table must have advantage average"):
        SmoothingReadings(rows)
