"""The rules of D1 to D7 on rows made by hand, both ways."""

from itertools import chain
from typing import Any

import pytest

from mia_kit.experiments.data_centric_claims import FULL, NONE, WITHOUT, as_text, claims, passes

PEOPLE, SEEDS = 20, 3
ALL = ("D1", "D2", "D3", "D4", "D5", "D6", "D7")
BEFORE: dict[str, float] = {"acc1": 0.6, "person": 0.3, "surrogate": 0.0, "nearer_surrogate": 0.1}
AFTER: dict[str, float] = {"acc1": 0.0, "person": 0.0, "surrogate": 0.4, "nearer_surrogate": 0.9}


def rows(defence: str, attack: str, **shares: float) -> list[dict[str, Any]]:
    """A row for each seed, in which the first people pass."""
    hits = {name: "".join("01"[place < share * PEOPLE] for place in range(PEOPLE)) for name, share in shares.items()}
    return [{"defence": defence, "attack": attack, "seed": seed, "hits": hits} for seed in range(SEEDS)]


def targets(defence: str, accuracy: float, auc: tuple[float, float, float] = (0.9, 0.85, 0.95)) -> list[dict[str, Any]]:
    own = {"defence": defence, "accuracy": accuracy, "accuracy_protected": accuracy}
    return [own | {"seed": seed, "noticed": {"auc": list(auc), "larger": 4.0}} for seed in range(SEEDS)]


def verdict(claim: str, own: list[dict[str, Any]], about: list[dict[str, Any]]) -> str:
    found = claims({"rows": own, "targets": about}, {"claims": [claim]})
    return found[claim]["verdict"] if found else "none"


GOOD = targets(NONE, 0.70) + targets(FULL, 0.68)


@pytest.mark.parametrize(
    ("claim", "attacks"), [("D1", ["GMI"]), ("D2", ["PPA"]), ("D3", ["MIRROR", "MIRROR (black box)"])]
)
def test_the_defence_spares(claim: str, attacks: list[str]) -> None:
    before = [row for attack in attacks for row in rows(NONE, attack, **BEFORE)]
    after = [row for attack in attacks for row in rows(FULL, attack, **AFTER)]
    assert verdict(claim, before + after, GOOD) == "reproduced"
    assert verdict(claim, before + after, targets(NONE, 0.70) + targets(FULL, 0.60)) == "not reproduced"
    some = rows(FULL, attacks[-1], **AFTER | {"acc1": 0.2})
    kept = [row for row in after if row["attack"] != attacks[-1]]
    assert verdict(claim, before + kept + some, GOOD) == "not reproduced"  # a third is left
    idle = [row for attack in attacks for row in rows(NONE, attack, **BEFORE | {"acc1": 0.1})]
    assert verdict(claim, idle + after, GOOD) == "not reproduced"  # nothing to defend
    assert verdict(claim, after, GOOD) == "none"
    assert verdict(claim, before + kept, GOOD) == "none"


def test_d3_needs_both_boxes() -> None:
    assert verdict("D3", rows(NONE, "MIRROR", **BEFORE) + rows(FULL, "MIRROR", **AFTER), GOOD) == "none"


def test_d4_needs_accuracy_in_every_seed_and_no_more_leakage() -> None:
    own = rows(FULL, "PPA", **AFTER) + rows("DP-SGD", "PPA", acc1=0.1) + rows("MID", "PPA", acc1=0.3)
    about = targets(FULL, 0.68) + targets("DP-SGD", 0.40) + targets("MID", 0.60)
    assert verdict("D4", own, about) == "reproduced"
    about[-1] = about[-1] | {"accuracy": 0.69}
    assert verdict("D4", own, about) == "not reproduced"
    leaking = rows(FULL, "PPA", **AFTER | {"acc1": 0.2}) + own[SEEDS:]
    assert verdict("D4", leaking, targets(FULL, 0.68) + targets("DP-SGD", 0.40) + targets("MID", 0.6)) == (
        "not reproduced"
    )
    assert verdict("D4", own[: 2 * SEEDS], about[: 2 * SEEDS]) == "none"


def test_d5_asks_each_step() -> None:
    full = rows(FULL, "PPA", acc1=0.0)
    about = targets(FULL, 0.68) + [row for name in WITHOUT.values() for row in targets(name, 0.68)]
    without = {step: rows(name, "PPA", acc1=0.4) for step, name in WITHOUT.items()}
    assert verdict("D5", [*full, *chain(*without.values())], about) == "reproduced"
    idle = without | {"loss": rows(WITHOUT["loss"], "PPA", acc1=0.05)}  # one person of twenty: chance
    assert verdict("D5", [*full, *chain(*idle.values())], about) == "not reproduced"
    assert verdict("D5", full, targets(FULL, 0.68)) == "none"


def test_d6_needs_more_than_the_person_and_more_than_before() -> None:
    before, after = rows(NONE, "PPA", **BEFORE), rows(FULL, "PPA", **AFTER)
    assert verdict("D6", before + after, GOOD) == "reproduced"
    assert verdict("D6", rows(NONE, "PPA", **BEFORE | {"surrogate": 0.4}) + after, GOOD) == "not reproduced"
    assert verdict("D6", before + rows(FULL, "PPA", **AFTER | {"person": 0.4}), GOOD) == "not reproduced"


def test_d7_needs_the_area_in_every_seed() -> None:
    assert verdict("D7", [], targets(FULL, 0.68)) == "reproduced"
    assert verdict("D7", [], targets(FULL, 0.68)[:2] + targets(FULL, 0.68, (0.69, 0.6, 0.8))[:1]) == "not reproduced"
    assert verdict("D7", [], targets(FULL, 0.68, (0.75, 0.45, 0.9))) == "not reproduced"
    assert verdict("D7", [], targets(NONE, 0.68)) == "none"


def test_only_what_the_recipe_asks_for() -> None:
    own = rows(NONE, "PPA", **BEFORE) + rows(FULL, "PPA", **AFTER)
    assert claims({"rows": own, "targets": GOOD}, {"claims": []}) == {}
    assert set(claims({"rows": own, "targets": GOOD}, {"claims": list(ALL)})) == {"D2", "D6", "D7"}


def test_the_table_and_the_figures_arrays() -> None:
    own = rows(NONE, "PPA", **BEFORE) + rows(FULL, "PPA", **AFTER)
    about = [row | {"accuracy_others": 0.5} for row in GOOD]
    text = as_text({"rows": own, "targets": about}).splitlines()
    assert text[0] == "none: accuracy 70.0%, of protected classes 70.0%, of the others 50.0%"
    assert text[1].startswith("    PPA: attack accuracy 0.6 [") and len(text) == 4
    found = passes({"rows": own, "targets": about}, "PPA", ("acc1", "surrogate"))
    assert list(found) == [NONE, FULL] and found[FULL]["surrogate"].shape == (PEOPLE, SEEDS)
    assert found[FULL]["surrogate"].mean() == pytest.approx(0.4)
