"""S17: the rule on rows made by hand, both ways, and the experiment on tiny people."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_face_parts import RECIPE
from tiny_people import FlatPrior, shaded_people

from mia_kit.experiments import adaptive_attacks, face_attack, face_parts
from mia_kit.experiments.adaptive_claims import claims, recovered
from mia_kit.experiments.runner import read_recipe
from mia_kit.runs.store import Store

PEOPLE = 60


def rows(**shares: tuple[float, float]) -> list[dict[str, Any]]:
    """Attacks by name with the shares of people recognised at -0.05 and at 0; every seed has its own first person."""

    def row(attack: str, smoothing: float, seed: int, share: float) -> dict[str, Any]:
        passes = np.roll(np.arange(PEOPLE) < round(share * PEOPLE), seed)
        text = "".join("01"[int(one)] for one in passes)
        hits = {"acc1": text, "named": text, "verified": "0" * PEOPLE}
        return {"attack": attack, "smoothing": smoothing, "seed": seed, "hits": hits}

    return [
        row(attack, smoothing, seed, share)
        for attack, both in shares.items()
        for smoothing, share in zip((-0.05, 0.0), both, strict=True)
        for seed in range(3)
    ]


def verdict(found: list[dict[str, Any]]) -> str:
    names = dict.fromkeys(row["attack"] for row in found)
    return claims(found, {"smoothings": [-0.05, 0.0], "attacks": dict.fromkeys(names)})["S17"]["verdict"]


def test_a_gain_that_hard_labels_do_not_have_recovers_leakage() -> None:
    assert verdict(rows(usual=(0.5, 0.5), adapted=(0.8, 0.52))) == "reproduced"
    found = recovered(rows(usual=(0.5, 0.5), adapted=(0.8, 0.52)), "adapted", "usual", -0.05, among=1)
    assert found["text"].startswith("0.3 [") and "named +0.300, verified +0.000" in found["text"]


def test_a_better_attack_recovers_nothing() -> None:
    assert verdict(rows(usual=(0.5, 0.5), adapted=(0.8, 0.8))) == "not reproduced"
    assert verdict(rows(usual=(0.5, 0.5), adapted=(0.5, 0.2))) == "not reproduced"  # it only spoils the other
    assert verdict(rows(usual=(0.5, 0.5), adapted=(0.517, 0.5))) == "not reproduced"  # one of sixty: chance


def test_one_attack_of_several_is_enough_and_many_tries_cost() -> None:
    assert verdict(rows(usual=(0.5, 0.5), worse=(0.2, 0.5), adapted=(0.8, 0.5))) == "reproduced"
    close = rows(usual=(0.5, 0.5), adapted=(0.533, 0.5))
    alone, among = (recovered(close, "adapted", "usual", -0.05, among=number) for number in (1, 20))
    assert alone["recovers"] and not among["recovers"]


def test_seeds_must_agree() -> None:
    found = rows(usual=(0.5, 0.5), adapted=(0.9, 0.5))
    for row in found:
        if row["attack"] == "adapted" and row["smoothing"] and row["seed"] == 2:
            row["hits"]["acc1"] = "1" * 29 + "0" * 31
    assert verdict(found) == "not reproduced"


def test_no_verdict_without_the_factors_or_the_attacks() -> None:
    found = rows(usual=(0.5, 0.5), adapted=(0.8, 0.5))
    both = {"usual": {}, "adapted": {}}
    assert claims(found, {"smoothings": [0.0], "attacks": both}) == {}
    assert claims(found, {"smoothings": [-0.05], "attacks": both}) == {}
    assert claims(found, {"smoothings": [-0.05, 0.0], "attacks": {"usual": {}}}) == {}


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(face_parts, "build", lambda name: FlatPrior())
    monkeypatch.setattr(face_parts, "load_embedder", lambda: None)
    monkeypatch.setattr(face_parts, "embed", lambda embedder, images: images.mean(dim=(2, 3)))
    monkeypatch.setattr(face_parts, "load_people", lambda **_: shaded_people(classes=3, each=20, pool=4))
    brief = {name: RECIPE[name] for name in ("people", "pretraining", "target", "evaluator", "attack")}
    return read_recipe("adaptive_attacks") | brief | {"evaluator_from": 3, "per_class": 3, "seeds": 2}


def test_the_recipe_from_end_to_end(tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = tiny | {"attacks": tiny["attacks"] | {"restarts": {"pool": 9, "candidates": 4}}}
    appointed: list[int] = []
    appoint = face_attack.appoint
    monkeypatch.setattr(face_parts, "appoint", lambda *given: appointed.append(0) or appoint(*given))
    found = adaptive_attacks.run(recipe, progress=False, store=Store(tmp_path))
    assert len(found["rows"]) == len(recipe["attacks"]) * 2 * 2 and found["people"] == 3
    assert [row["attack"] for row in found["rows"][:8]] == list(recipe["attacks"])
    assert len(appointed) == 2  # once for a seed, whatever the attack
    for row in found["rows"]:
        assert len(row["hits"]["acc1"]) == 3 and row["norms"][0] > 0 and len(row["norms"]) == 1
    norms = {row["attack"]: row["norms"][0] for row in found["rows"] if (row["smoothing"], row["seed"]) == (-0.05, 0)}
    assert len(set(norms.values())) == len(norms)  # each loss is another one
    restarts = next(row for row in found["rows"] if row["attack"] == "restarts")
    assert restarts["queries"] == round((1 + 18 + 3 * 4 * 2) / 3, 1)
    assert found["claims"]["S17"]["verdict"] in ("reproduced", "not reproduced")


def test_one_picture_of_each_person(tiny: dict[str, Any], tmp_path: Path) -> None:
    recipe = tiny | {"attacks": {"both": {"keep": 2}}, "seeds": 1, "smoothings": [0.0]}
    with pytest.raises(ValueError, match="keep must be 1, got 6 instead"):
        adaptive_attacks.run(recipe, progress=False, store=Store(tmp_path))


def test_the_recipe_attacks_the_targets_of_face_smoothing() -> None:
    own, other = read_recipe("adaptive_attacks"), read_recipe("face_smoothing")
    for name in ("people", "evaluator_from", "prior", "pretraining", "target", "evaluator", "seeds"):
        assert own[name] == other[name]
    assert own["attack"] == other["attack"] | {"candidates": 1}
    assert set(own["smoothings"]) <= set(other["smoothings"]) and [own["per_class"]] == other["per_class"]
