"""Verdicts on leakage, from tables made by hand."""

import numpy as np
import pytest

from mia_kit.experiments.face_leakage import summarise
from mia_kit.experiments.face_leakage_claims import advantage, claims, difference
from mia_kit.experiments.verdicts import leaves_out_zero
from mia_kit.metrics import Interval

PEOPLE = np.linspace(0.3, 0.5, 40)


def leak(shift: float, seeds: tuple[float, ...] = (0.0, 0.01, -0.01)) -> dict:
    """A measure whose mean is 0.4 + shift, spread over people and seeds."""
    own = PEOPLE + shift
    return {"value": own.mean(), "by_person": own.tolist(), "by_seed": [float(own.mean() + seed) for seed in seeds]}


def cell(smoothing: float, shift: float, *, per_class: int = 15, accuracy: float = 0.8) -> dict:
    return {
        "smoothing": smoothing,
        "per_class": per_class,
        "acc1_selected": leak(shift),
        "acc1_all": leak(shift),
        "extraction": leak(-shift),
        **dict.fromkeys(("named_selected", "verified_selected", "distance_selected"), leak(0.0)),
        "accuracy": [accuracy, accuracy + 0.01],
        "calibration_error": [0.1 - smoothing, 0.11 - smoothing],
        "cosine": [-0.1 + smoothing, -0.12 + smoothing],
    }


RECIPE = {"smoothings": [-0.05, 0.0, 0.1], "per_class": [15], "claims_at": [-0.05, 0.1]}


def verdicts(cells: list[dict], recipe: dict) -> dict[str, str]:
    return {name: row["verdict"] for name, row in claims({"cells": cells}, recipe).items()}


def test_all_in_the_papers_order() -> None:
    cells = [cell(-0.05, -0.1, accuracy=0.78), cell(0.0, 0.0), cell(0.1, 0.1, accuracy=0.82)]
    assert verdicts(cells, RECIPE) == {
        "S5": "reproduced",
        "S15": "not reproduced",  # made to run against the leakage
        "S9": "reproduced",
        "S10": "reproduced",
        "S13": "reproduced",
        "S22": "reproduced",
    }


def test_the_other_order_and_a_costly_defence() -> None:
    cells = [cell(-0.05, 0.1, accuracy=0.7), cell(0.0, 0.0), cell(0.1, -0.1)]
    found = verdicts(cells, RECIPE)
    assert {name for name, verdict in found.items() if verdict == "reproduced"} == {"S9", "S15"}


def test_a_defence_of_targets_that_learnt_nothing_costs_nothing_and_shows_nothing() -> None:
    cells = [cell(-0.05, -0.1, accuracy=0.1), cell(0.0, 0.0, accuracy=0.1), cell(0.1, 0.1, accuracy=0.1)]
    assert verdicts(cells, RECIPE)["S13"] == "not reproduced"


def test_no_claim_without_hard_labels() -> None:
    assert claims({"cells": []}, RECIPE | {"smoothings": [0.0, 0.1]}) == {}


def test_a_difference_counts_only_if_all_seeds_agree() -> None:
    one, other = leak(0.05), leak(0.0)
    interval, counts = difference({"acc": one}, {"acc": other}, "acc")
    assert interval.value == pytest.approx(0.05) and counts
    split = leak(0.05, seeds=(0.0, 0.0, -0.2))
    assert difference({"acc": split}, {"acc": other}, "acc")[1] is False
    assert difference({"acc": other}, {"acc": other}, "acc")[1] is False


def test_what_only_rounding_keeps_from_zero_does_not_count() -> None:
    """Thirds stored to four digits: a third more here, a third less there, and the interval begins at 0."""
    people = 30
    low = {"by_person": [0.3333] * people, "by_seed": [0.33, 0.33, 0.33]}
    high = {"by_person": [0.3334] * people, "by_seed": [0.34, 0.34, 0.34]}
    interval, counts = difference({"acc": high}, {"acc": low}, "acc")
    assert counts is False and (interval.low, interval.high) == (0.0, 0.0)
    more = {"by_person": [0.334] * people, "by_seed": [0.34, 0.34, 0.34]}
    assert difference({"acc": more}, {"acc": low}, "acc")[1] is True
    assert not leaves_out_zero(Interval(0.1, 1e-17, 0.2)) and leaves_out_zero(Interval(1e-6, 1e-7, 1e-5))


def test_advantage_is_the_relative_change() -> None:
    found = advantage({"acc1_all": leak(0.2)}, {"acc1_all": leak(0.0)})
    assert found.value == pytest.approx(0.5)
    assert found.low < 0.5 < found.high


@pytest.mark.parametrize(("few", "many", "verdict"), [(0.2, 0.0, "reproduced"), (0.0, 0.2, "not reproduced")])
def test_low_data(few: float, many: float, verdict: str) -> None:
    """S11: positive smoothing helps the attack more with 5 photographs; S12: negative defends better with 20."""
    recipe = RECIPE | {"per_class": [5, 20]}
    cells = [cell(0.0, 0.0, per_class=n) for n in (5, 20)]
    cells += [cell(0.1, few, per_class=5), cell(0.1, many, per_class=20)]
    cells += [cell(-0.05, -many, per_class=5), cell(-0.05, -few, per_class=20)]
    assert verdicts(cells, recipe) == {"S11": verdict, "S12": verdict}


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
