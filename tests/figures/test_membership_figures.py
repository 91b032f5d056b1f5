"""Chapter 11's figures: what is drawn is what was measured, and the words say it."""

import numpy as np
import pandas as pd
import pytest

from mia_kit.figures.membership import as_text, distance_curves, heat_map, roc_curves, smoothing_sweep

RATES = [0.001, 0.01, 0.1, 1.0]


def rows(defence: str, seed: int, powerful: float, strength: float | None = None, **advantages: float) -> list[dict]:
    """What the study's table says of one model."""
    numbers = {("advantage", "average"): 0.1, ("advantage", "powerful"): powerful, ("auc", "average"): 0.6}
    numbers |= {("auc", "distance"): 0.7 + powerful / 10, ("auc", "augmented"): 0.5, ("accuracy", None): 0.8}
    numbers |= {("advantage", attack): value for attack, value in advantages.items()}
    model = {"defence": defence, "strength": np.nan if strength is None else strength, "seed": seed}
    return [model | {"measure": measure, "attack": attack, "value": own} for (measure, attack), own in numbers.items()]


def table(*models: list[dict]) -> pd.DataFrame:
    return pd.DataFrame([row for model in models for row in model])


def test_roc_has_a_diagonal_and_leaves_out_what_a_logarithm_cannot_show():
    curve = {"value": [0.0, 0.05, 0.4, 1.0], "low": [0.0, 0.01, 0.3, 1.0], "high": [0.02, 0.1, 0.5, 1.0]}
    drawn = roc_curves({"lira": curve}, RATES)
    guessing, shade, line = drawn.figure.data
    assert list(guessing.x) == list(guessing.y) == RATES
    assert line.name == "likelihood ratio" and list(line.y) == [0.05, 0.4, 1.0] and list(line.x) == RATES[1:]
    assert max(shade.y) == 1.0 and min(shade.y) == 0.01
    assert drawn.figure.layout.xaxis.type == drawn.figure.layout.yaxis.type == "log"
    np.testing.assert_array_equal(drawn.arrays["lira"], curve["value"])
    assert "likelihood ratio 0.0% at 0.1%, 5.0% at 1.0%, 40.0% at 10.0%" in drawn.alt
    nobody = {"value": [0.0] * 4, "low": [0.0] * 4, "high": [0.0] * 4}
    drawn = roc_curves({"loss": nobody}, RATES)  # still stands
    assert len(drawn.figure.data[-1].x) == 0 and "0.0% at 10.0%" in drawn.alt


def test_heat_map_writes_means_over_the_models_into_the_cells():
    dropout = [rows("dropout", seed, 0.1, 0.2) for seed in (0, 1)]
    drawn = heat_map(table(*dropout, rows("none", 0, 0.2), rows("none", 1, 0.4)))
    left, right = drawn.figure.data
    assert list(left.x) == ["average", "powerful"] and list(left.y) == ["none", "dropout 0.2"]
    np.testing.assert_allclose(left.z, [[0.1, 0.3], [0.1, 0.1]])
    assert [list(own) for own in left.text] == [["0.10", "0.30"], ["0.10", "0.10"]]
    assert left.colorbar.title.text == "advantage" and right.colorbar.title.text == "auc"
    assert left.colorbar.y > right.colorbar.y + 0.45  # one below the other
    assert left.texttemplate == "%{text}" and left.zmin == 0 and right.zmin == 0.5
    assert list(right.x) == ["loss", "distance"]
    np.testing.assert_allclose(drawn.arrays["advantage powerful"], [0.3, 0.1])
    assert "advantage of powerful: none 0.30, dropout 0.2 0.10" in drawn.alt
    drawn = heat_map(table(rows("none", 0, 0.2, lira=0.5)))  # the likelihood ratio where there is one
    assert list(drawn.figure.data[0].x) == ["average", "powerful", "LiRA"]


def test_distance_curves_have_a_panel_for_each_mechanism():
    within = {
        "none": {"members": [0.9, 1.0], "non-members": [0.5, 0.8]},
        "a_b 1": {"members": [0, 1], "non-members": [0, 1]},
    }
    drawn = distance_curves(within, [0.0, 0.5])
    assert len(drawn.figure.data) == 4
    assert [note.text for note in drawn.figure.layout.annotations] == ["none", "a b 1"]
    assert len({trace.marker.symbol for trace in drawn.figure.data}) == 2
    np.testing.assert_array_equal(drawn.arrays["none members"], [0.9, 1.0])
    assert "none: at distance 0 90% of members and 50% of non-members, widest apart at 0.0 with +40%" in drawn.alt


@pytest.mark.parametrize(("models", "bars"), [(2, False), (3, True)])
def test_sweep_is_over_factors_alone(models, bars):
    factors = {0.2: ("smoothing", 0.2), -0.05: ("smoothing", -0.05), 0.0: ("none", None)}
    measured = [rows(name, seed, 0.3 + a + 0.01 * seed, strength)
                for a, (name, strength) in factors.items() for seed in range(models)]  # fmt: skip
    drawn = smoothing_sweep(table(*measured, rows("dropout", 0, 0.9, 0.2)))
    np.testing.assert_allclose(
        drawn.arrays["advantage powerful"], np.array([0.25, 0.3, 0.5]) + 0.005 * (models - 1), atol=1e-9
    )
    lines = [trace for trace in drawn.figure.data if trace.mode == "lines+markers"]
    assert lines[0].name == "average attack (advantage)" and len(lines) == 4
    assert all((line.error_y.array is not None) == bars for line in lines)
    assert list(drawn.figure.layout.xaxis.ticktext) == ["\u22120.05", "0", "+0.2"]
    assert "powerful attack (advantage) -0.05: " in drawn.alt


def test_the_text_has_student_intervals_over_the_models():
    named = (("a + b", None), ("none", None), ("dropout", 0.2))
    models = [rows(name, seed, 0.2 + seed / 10, strength, lira=0.5) for name, strength in named for seed in range(3)]
    lines = as_text(table(*models)).splitlines()
    assert [line.split("  ")[0] for line in lines] == ["mechanism", "none", "dropout 0.2", "a + b"]
    # 0.2, 0.3, 0.4: the mean 0.3 and 4.303 standard errors of 0.1 / sqrt(3) to either side.
    assert "0.300 [ 0.052, 0.548]" in lines[1]
