"""Chapter 11 live, at the smallest size: rows for every factor and pair, and readings that say who is fooled."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from noise import noise

from mia_kit.membership import lira
from mia_kit.studies.membership import parts, quick
from mia_kit.studies.membership.quick import Reading
from mia_kit.studies.membership.recipe import Attacker, Distance, Mechanism, Network, Recipe, World

TINY = Recipe(
    study="membership",
    world=World(name="mnist5k", per_class=2),
    seeds=[0, 1],
    network=Network(width=2, hidden=8, epochs=1, batch_size=16),
    attacker=Attacker(known=4, copies=2, distance=Distance(images=4, steps=2, confidences=(0.2,))),
)


@pytest.fixture(autouse=True)
def _no_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "load", lambda name: noise())


def test_every_factor_has_rows_and_a_reading() -> None:
    measured = quick.by_factor((-0.05, 0.0, 0.2), recipe=TINY)
    readings = quick.readings_by_factor(measured.table)
    assert list(readings) == [-0.05, 0.0, 0.2]
    rows = measured.table[measured.table.strength.eq(0.2)]
    assert sorted(set(rows.seed)) == [0, 1]
    powerful = rows[(rows.attack == "powerful") & (rows.measure == "advantage")].value
    area = rows[(rows.attack == "distance") & (rows.measure == "auc")].value
    assert readings[0.2].powerful == pytest.approx(powerful.mean()) and len(powerful) == 2
    assert readings[0.2].distance == pytest.approx(area.mean())
    assert set(measured.within) == {"smoothing -0.05", "none", "smoothing 0.2"}
    assert len(measured.within["none"]["members"]) == len(measured.distances)


def test_every_pair_has_a_reading() -> None:
    choices = {
        "stop": Mechanism(defence="early_stopping", strength=0.5),
        "smooth": Mechanism(defence="smoothing", strength=0.1),
    }
    measured = quick.by_mechanism(choices, recipe=TINY)
    readings = quick.readings_by_choice(measured.table, choices)
    assert set(readings) == {frozenset(), frozenset(("stop",)), frozenset(("smooth",)), frozenset(("stop", "smooth"))}
    with pytest.raises(ValueError, match="there must be rows of dropout at 0.2"):
        quick.reading(measured.table, "dropout", 0.2)


def test_the_choices_can_all_be_combined() -> None:
    for pair in combinations(quick.CHOICES.values(), 2):
        assert parts.training(pair, None).name == " + ".join(part.defence for part in pair)


def test_evidence_of_before_there_were_tables_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rows = [
        {
            "mechanism": mechanism,
            "seed": seed,
            "accuracy": 0.8,
            "advantage": {"powerful": 0.3 + seed / 10},
            "auc": {"loss": 0.6, "distance": 0.7},
        }
        for mechanism in ("none", "negative_smoothing 0.05", "crop_and_flip 3 + positive_smoothing 0.05")
        for seed in (0, 1)
    ]
    verdicts = {"M1": {"verdict": "reproduced", "course": "so it is"}}
    (tmp_path / "mine.json").write_text(json.dumps({"results": {"rows": rows, "claims": verdicts}}))
    monkeypatch.setenv("MIA_KIT_EVIDENCE", str(tmp_path))
    assert quick.course("nobody") is None
    evidence = quick.course("mine")
    assert evidence is not None and evidence.verdicts == ["M1: reproduced\n  so it is"]
    table = evidence.table
    assert list(dict.fromkeys(table.defence)) == ["none", "smoothing", "crop_and_flip + smoothing"]
    assert set(table[table.defence == "smoothing"].strength) == {-0.05}
    assert table[table.defence != "smoothing"].strength.isna().all()
    powerful = table[(table.defence == "none") & (table.attack == "powerful")]
    assert powerful.measure.tolist() == ["advantage"] * 2 and powerful.value.tolist() == pytest.approx([0.3, 0.4])


def test_the_ratio_is_that_of_its_shadows() -> None:
    found = quick.likelihood_ratio(shadows=4, recipe=TINY, progress=False)
    assert found.shadow_scaled.shape == found.shadow_members.shape == (4, 40)
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
