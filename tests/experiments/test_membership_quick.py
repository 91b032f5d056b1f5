"""Chapter 11 live, at the smallest size: rows for every factor and pair, and readings that say who is fooled."""

from typing import Any

import numpy as np
import pytest
from test_membership_table import noise

from mia_kit.experiments import membership_parts
from mia_kit.experiments import membership_quick as quick
from mia_kit.experiments.membership_parts import MembershipParts
from mia_kit.experiments.membership_quick import Reading
from mia_kit.membership import lira
from mia_kit.runs.store import Store

TINY: dict[str, Any] = {
    "data": {"name": "noise", "per_class": 8, "seed": 0},
    "model": {"blocks": 3, "width": 2, "hidden": 8},
    "training": {"epochs": 1, "batch_size": 16, "learning_rate": 0.001},
    "models": 2,
    "known": 4,
    "copies": 2,
    "distance": {"images": 4, "steps": 2, "longest_step": 1.0, "confidences": [0.9]},
}


@pytest.fixture(autouse=True)
def _no_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(membership_parts, "load", lambda name: noise())


def test_every_factor_has_rows_and_a_reading() -> None:
    found = quick.by_factor((-0.05, 0.0, 0.2), recipe=TINY)
    assert [row["smoothing"] for row in found.rows] == [-0.05, -0.05, 0.0, 0.0, 0.2, 0.2]
    readings = quick.readings_by_factor(found.rows)
    assert list(readings) == [-0.05, 0.0, 0.2]
    own = [row for row in found.rows if row["smoothing"] == 0.2]
    assert readings[0.2].powerful == pytest.approx(np.mean([row["advantage"]["powerful"] for row in own]))
    assert readings[0.2].distance == pytest.approx(np.mean([row["auc"]["distance"] for row in own]))
    assert set(found.within) == {"negative_smoothing 0.05", "none", "positive_smoothing 0.2"}
    assert len(found.within["none"]["members"]) == len(found.distances)


def test_every_pair_has_a_reading() -> None:
    choices = {"stop": ("early_stopping", 0.5), "smooth": ("positive_smoothing", 0.1)}
    found = quick.by_mechanism(choices, recipe=TINY)
    readings = quick.readings_by_choice(found.rows, choices)
    assert set(readings) == {frozenset(), frozenset(("stop",)), frozenset(("smooth",)), frozenset(("stop", "smooth"))}
    assert len(found.rows) == 8


def test_the_choices_can_all_be_combined(tmp_path) -> None:
    parts = MembershipParts(TINY, Store(tmp_path), progress=False)
    for one in quick.CHOICES.values():
        for other in quick.CHOICES.values():
            if one < other:
                assert parts._recipe((one, other), 0).name


def test_the_ratio_is_that_of_its_shadows() -> None:
    found = quick.likelihood_ratio(shadows=4, recipe=TINY, progress=False)
    assert found.shadow_scaled.shape == found.shadow_members.shape == (4, 32)
    assert (found.shadow_members.sum(axis=0) == 2).all()
    np.testing.assert_allclose(
        found.scores["likelihood ratio"].ravel(),
        lira.online(found.scaled, found.shadow_scaled, found.shadow_members).scores,
    )
    # The loss is the logarithm of 1 + exp(-x) of the confidence x on the logit scale.
    np.testing.assert_allclose(found.scores["loss"].ravel(), -np.logaddexp(0, -found.scaled))


def test_a_curve_lies_between_its_ends() -> None:
    random = np.random.default_rng(0)
    curve, rates = quick.curve_of(random.normal(1, 1, 100), random.normal(0, 1, 100))
    assert rates[0] == pytest.approx(0.01) and curve["value"][-1] == 1
    assert (curve["low"] <= curve["high"]).all()
    assert ((curve["low"] <= curve["value"]) & (curve["value"] <= curve["high"])).mean() > 0.8


@pytest.mark.parametrize(
    ("average", "powerful", "distance", "words"),
    [
        (0.04, 0.04, 0.60, "Both attacks say safe, the distance does not."),
        (0.04, 0.04, 0.53, "Both attacks say safe, and so does the distance."),
        (0.04, 0.20, 0.53, "The powerful attack tells members apart, the distance does not."),
        (0.20, 0.04, 0.60, "The average attack tells members apart, and so does the distance."),
        (0.20, 0.20, 0.60, "Both attacks tell members apart, and so does the distance."),
    ],
)
def test_a_reading_says_who_is_fooled(average, powerful, distance, words) -> None:
    assert Reading(average, powerful, distance, 0.9).words == words
