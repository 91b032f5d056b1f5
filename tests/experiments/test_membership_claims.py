"""The rules of M1 to M5 and S20 on rows made by hand, both ways."""

from typing import Any

import numpy as np
import pytest

from mia_kit.experiments.membership_claims import change, claims, pairs, strongest, values, variants

MODELS = 6
# Wobbles of the models, the same for every mechanism but one's own: a change is seen through them.
SHARED = np.random.default_rng(0).normal(0, 0.01, MODELS)


def rows(
    mechanism: str,
    *,
    average: float = 0.10,
    powerful: float = 0.20,
    accuracy: float = 0.80,
    distance: float = 0.70,
    lira: float = 0.0,
    noise: float = 0.001,
) -> list[dict[str, Any]]:
    own = np.random.default_rng(len(mechanism)).normal(0, noise, MODELS) + SHARED
    return [
        {
            "mechanism": mechanism,
            "seed": model,
            "accuracy": accuracy + own[model],
            "advantage": {"average": average + own[model], "powerful": powerful + own[model], "lira": lira},
            "auc": {"distance": distance + own[model], "loss": 0.5 + powerful / 2},
        }
        for model in range(MODELS)
    ]


NONE = rows("none")


def verdict(claim: str, *more: list[dict[str, Any]]) -> bool:
    return claims([row for own in (NONE, *more) for row in own])[claim][1]


def text(claim: str, *more: list[dict[str, Any]]) -> str:
    return claims([row for own in (NONE, *more) for row in own])[claim][0]


def test_values_are_in_the_order_of_the_models():
    own = rows("dropout 0.2")[::-1]
    np.testing.assert_allclose(values(own, "dropout 0.2", "accuracy"), 0.8 + SHARED, atol=0.01)
    assert variants([*NONE, *own]) == ["none", "dropout 0.2"]
    with pytest.raises(ValueError, match="there must be rows of 'mixup 1', got only none instead"):
        values(NONE, "mixup 1", "accuracy")


def test_a_change_counts_if_its_interval_leaves_out_zero():
    powerful = values(NONE, "none", "advantage", "powerful")
    gap, counts = change(powerful - 0.05 + np.linspace(-0.01, 0.01, MODELS), powerful)
    assert gap.value == pytest.approx(-0.05) and counts
    wide = powerful + np.linspace(-0.1, 0.12, MODELS)
    assert not change(wide, powerful)[1]
    narrow = powerful + np.linspace(0.0, 0.03, MODELS)
    assert change(narrow, powerful)[1] and not change(narrow, powerful, questions=50)[1]


def test_the_strongest_attack_is_that_of_the_greatest_mean():
    assert strongest(NONE, "none")[0] == "powerful"
    assert strongest(rows("mixup 1", lira=0.5), "mixup 1")[0] == "lira"


def test_m1_needs_one_that_lowers_both_and_one_that_helps():
    lowers, helps = rows("dropout 0.2", average=0.05, powerful=0.1), rows("mixup 1", powerful=0.3)
    assert verdict("M1", lowers, helps)
    assert not verdict("M1", lowers, rows("mixup 1"))
    assert not verdict("M1", helps, rows("dropout 0.2", average=0.05))
    assert "1 of 2 lower both, 1 raise the powerful attack" in text("M1", lowers, helps)
    assert "dropout 0.2 -0.050* / -0.100*" in text("M1", lowers, helps)
    assert not verdict("M1", lowers, rows("mixup 1", powerful=0.21, noise=0.05))  # chance


def test_m2_asks_at_the_published_factor():
    assert verdict("M2", rows("positive_smoothing 0.05", average=0.05, powerful=0.3))
    assert not verdict("M2", rows("positive_smoothing 0.05", average=0.15, powerful=0.3))
    assert not verdict("M2", rows("positive_smoothing 0.05", average=0.05, powerful=0.15))
    assert "M2" not in claims([*NONE, *rows("positive_smoothing 0.2", average=0.05, powerful=0.3)])


def test_m3_needs_a_pair_below_both_and_nearly_as_accurate():
    alone = [rows("dropout 0.2", powerful=0.15), rows("mixup 1", powerful=0.18)]
    assert verdict("M3", *alone, rows("dropout 0.2 + mixup 1", average=0.05, powerful=0.1))
    assert not verdict("M3", *alone, rows("dropout 0.2 + mixup 1", powerful=0.16))
    assert not verdict("M3", *alone, rows("dropout 0.2 + mixup 1", average=0.05, powerful=0.1, lira=0.3))
    assert not verdict("M3", *alone, rows("dropout 0.2 + mixup 1", average=0.05, powerful=0.1, accuracy=0.75))
    assert pairs([*NONE, *alone[0], *rows("dropout 0.2 + mixup 1")]) == []  # one of the two is not there alone


def test_m4_needs_a_place_where_both_attacks_fail():
    fails: dict[str, Any] = {"average": 0.0, "powerful": 0.01}
    assert verdict("M4", rows("dropout 0.2", **fails, distance=0.6))
    assert not verdict("M4", rows("dropout 0.2", **fails, distance=0.53))
    assert not verdict("M4", rows("dropout 0.2", average=0.0, powerful=0.06, distance=0.6))
    assert text("M4") == "both attacks fail nowhere"


def test_m5_is_strong_and_cheap():
    assert verdict("M5", rows("early_stopping 0.8", powerful=0.08, accuracy=0.78))
    assert not verdict("M5", rows("early_stopping 0.8", powerful=0.12, accuracy=0.78))
    assert not verdict("M5", rows("early_stopping 0.8", powerful=0.08, accuracy=0.75))
    assert verdict(
        "M5", rows("early_stopping 0.9", powerful=0.02, accuracy=0.6), rows("early_stopping 0.5", powerful=0.09)
    )


def test_s20_looks_at_the_strongest_attack():
    assert verdict("S20", rows("negative_smoothing 0.05", powerful=0.1))
    assert verdict("S20", rows("negative_smoothing 0.05", lira=0.4))
    assert not verdict("S20", rows("negative_smoothing 0.05"))
    assert "by lira" in text("S20", rows("negative_smoothing 0.05", lira=0.4))


def test_without_hard_labels_there_is_no_verdict():
    assert claims(rows("positive_smoothing 0.05")) == {}
    assert set(claims(NONE)) == {"M4"}
