"""The verdicts in the evidence files follow from the numbers beside them, by the rules of today."""

from collections.abc import Callable
from typing import Any

import pytest

from mia_kit.experiments import (
    adaptive_claims,
    attack_zoo_claims,
    data_centric_claims,
    defence_claims,
    face_leakage_claims,
    face_stages,
    membership_claims,
    poisoning_claims,
    side_effects_claims,
)
from mia_kit.experiments.evidence import evidence_folder, read_evidence

Rule = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]  # of results and recipe

RULES: dict[str, Rule] = {
    "adaptive_attacks": lambda results, recipe: adaptive_claims.claims(results["rows"], recipe),
    "attack_zoo": lambda results, recipe: attack_zoo_claims.claims(results["rows"], recipe),
    "data_centric_faces": data_centric_claims.claims,
    "data_centric_signs": data_centric_claims.claims,
    "defence_frontier": lambda results, recipe: defence_claims.claims(results["points"], recipe),
    "face_low_data": face_leakage_claims.claims,
    "face_smoothing": face_leakage_claims.claims,
    "face_stages": lambda results, recipe: face_stages.claims(results["swaps"], recipe["smoothings"]),
    "poisoning_cifar10": poisoning_claims.claims,
    "poisoning_faces": poisoning_claims.claims,
    "poisoning_fashion": poisoning_claims.claims,
    "poisoning_mnist": poisoning_claims.claims,
    "regulariser_frontier": lambda results, recipe: defence_claims.claims(results["points"], recipe),
    "side_effects": lambda results, recipe: side_effects_claims.claims(results["cells"], recipe),
}

MEMBERSHIP = {"membership_fashion": "claims", "membership_cifar10": "beside"}
ELSEWHERE = {"toy_order", "orl_embedding"}  # beside the tests of their rules


def test_no_evidence_with_verdicts_is_left_out() -> None:
    found = {
        path.stem for path in evidence_folder().glob("*.json") if read_evidence(path.stem)["results"].get("claims")
    }
    assert found - ELSEWHERE <= RULES.keys() | MEMBERSHIP.keys()


@pytest.mark.parametrize("name", RULES)
def test_stored_verdicts_follow_from_stored_numbers(name: str) -> None:
    record = read_evidence(name)
    assert record["results"]["claims"] == RULES[name](record["results"], record["recipe"])


@pytest.mark.parametrize(("name", "kind"), MEMBERSHIP.items())
def test_so_do_those_on_membership(name: str, kind: str) -> None:
    results = read_evidence(name)["results"]
    stored = {claim: (own["course"], own["verdict"] == "reproduced") for claim, own in results[kind].items()}
    assert stored == membership_claims.claims(results["rows"])


@pytest.mark.parametrize("name", ["attack_zoo", "attack_zoo_orl"])
def test_so_does_which_attack_beats_its_starts(name: str) -> None:
    results = read_evidence(name)["results"]
    for measure, stored in results["beats"].items():
        assert stored == attack_zoo_claims.beats(results["rows"], measure), measure
