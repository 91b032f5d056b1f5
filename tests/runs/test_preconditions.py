"""Each precondition alone fails in a world built to break it, and is named with its number."""

import re
from typing import Any

import pytest

from mia_kit.runs.contrasts import Contrast, Match
from mia_kit.runs.preconditions import CHECKS, failed, matched
from mia_kit.runs.table import NoRowsError, select, tidy
from tests.runs.worlds import LEAKS, SHARED, contrast_of, table_of


def test_all_hold_in_an_honest_world() -> None:
    assert failed(contrast_of(), table_of()) is None


@pytest.mark.parametrize(
    ("word", "changes", "message"),
    [
        ("margin", {"margins": {-0.2: 45.0}}, r"the margin at -0.2 is 1\.[45]\d* times that of hard labels, less"),
        ("start", {"leaks": {"start": 0.7}}, "the undefended attack does not beat its start: difference of acc1"),
        ("start", {"leaks": {"start": 0.9, "oracle": 1.0}}, "the undefended attack does not beat its start"),
        ("placebo", {"leaks": {"placebo": 0.7}}, "the undefended attack does not beat the placebo"),
        ("floor", {"leaks": {"placebo": 0.55}}, r"floor: the undefended attack's acc1 0\.\d+ .* touches the placebo's"),
        ("ceiling", {"leaks": {"oracle": 0.72}}, "ceiling: the undefended attack's end has a acc1 of 0.6.*oracle's"),
        ("ceiling", {"leaks": {"start": 0.94, 0.0: 0.7}}, "ceiling: the undefended attack's start has a acc1 of 0.9"),
        ("useful", {"accuracies": {-0.2: 0.6}}, "the target is useless: it loses 0.2.* of accuracy, more than 0.1"),
    ],
)  # fmt: skip
def test_each_fails_alone(word: str, changes: dict[str, Any], message: str) -> None:
    table, contrast = table_of(**changes), contrast_of(preconditions=[word])
    reason = failed(contrast, table)
    assert reason is not None and re.search(message, reason), reason
    others = [other for other in CHECKS if other not in (word, "start", "placebo", "floor", "ceiling")]
    others += ["placebo"] if word == "floor" else []  # the paired difference is sure where the intervals touch
    assert failed(contrast_of(preconditions=others), table) is None


def test_a_measure_that_falls_as_leakage_rises_is_turned_round() -> None:
    away = {kind: 1 - level for kind, level in LEAKS.items()}
    far = contrast_of(measure="distance", claimed="above")
    assert failed(far, table_of(away, measure="distance")) is None
    assert "does not beat its start" in str(failed(far, table_of({**away, "start": 0.2}, measure="distance")))
    assert "ceiling" in str(failed(far, table_of({**away, "oracle": 0.29}, measure="distance")))
    assert "floor" in str(failed(far, table_of({**away, "placebo": 0.37, "start": 0.6}, measure="distance")))


def test_a_positive_factor_needs_no_margin_and_a_missing_control_is_told() -> None:
    positive = contrast_of(treated={"strength": 0.1}, preconditions=["margin"])
    assert failed(positive, table_of(margins={0.1: 1.0})) is None
    without = table_of()
    without = tidy(without[without["attack"] != "placebo"])
    with pytest.raises(NoRowsError, match="attack must be one of .*, got 'placebo' instead"):
        failed(contrast_of(preconditions=["floor"]), without)


def test_of_several_controls_that_are_not_the_attacks_the_strongest_stands_in() -> None:
    weak, strong = table_of(loss="logit"), table_of({"placebo": 0.66}, loss="logit")
    rows = [row for row in weak.to_dict("records") if row["attack"] != "placebo"]
    for loss, table in (("cross_entropy", weak), ("poincare", strong)):
        rows += [{**row, "loss": loss} for row in table.to_dict("records") if row["attack"] == "placebo"]
    both = tidy(rows)
    at = {"defence": "smoothing", "attack": "ppa", "loss": "logit"}
    assert failed(contrast_of(at=at), weak) is None, "controls without a loss serve every loss"
    assert "touches the placebo" in str(failed(contrast_of(at=at, preconditions=["floor"]), both))
    own = tidy([{**row, "loss": "cross_entropy"} if row["loss"] == "logit" else row for row in rows])
    assert failed(contrast_of(preconditions=["floor"]), own) is None, "where there is one of its own it is that one"


def test_a_contrast_can_be_a_precondition() -> None:
    loses = Contrast(
        name="negative smoothing protects", treated={"strength": -0.2}, baseline={"strength": 0.0}, claimed="below",
        measure="acc1", at={"defence": "smoothing", "attack": "ppa", "loss": "cross_entropy"},
    )  # fmt: skip
    assert failed(contrast_of(preconditions=[loses]), table_of()) is None
    reason = failed(contrast_of(preconditions=[loses]), table_of({-0.2: 0.7}))
    assert "negative smoothing protects: not so, " in str(reason)


def test_the_rival_of_equal_accuracy_is_chosen_and_none_is_no_rival() -> None:
    shared = {**SHARED, "defence": "mid", "measure": "accuracy", "unit": None}
    accuracies = {0.001: 0.81, 0.01: 0.78, 0.1: 0.3}
    mid = [{**shared, "strength": s, "seed": seed, "value": v} for s, v in accuracies.items() for seed in range(1, 6)]
    table = tidy([*table_of().to_dict("records"), *mid])
    contrast = contrast_of(baseline={"defence": "mid"}, match=Match("accuracy", 0.05))
    found, reason = matched(contrast, table)
    assert reason is None and found.baseline == {"defence": "mid", "strength": 0.001}
    low = tidy(select(table, strength=[0.1, -0.2, 0.0]))
    assert "no strength has the accuracy of what is compared: the nearest, 0.1" in str(matched(contrast, low)[1])


def test_a_useless_rival_is_named() -> None:
    turned = contrast_of(treated={"strength": 0.0}, baseline={"strength": -0.2}, preconditions=["useful", "rival"])
    assert failed(turned, table_of()) is None
    assert "the rival is useless: it loses 0.2" in str(failed(turned, table_of(accuracies={-0.2: 0.6})))
