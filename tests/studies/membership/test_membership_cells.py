"""A whole recipe at toy size, and what the claims ask of the table of the recipe that ships."""

from pathlib import Path

import numpy as np
import pytest
from noise import noise

from mia_kit.membership import MembershipSplit
from mia_kit.runs.claims import NOT_MEASURED, judge, read_claims
from mia_kit.runs.table import tidy
from mia_kit.studies.membership import parts
from mia_kit.studies.membership.cells import augmented
from mia_kit.studies.registry import read_recipe
from tests.studies.tiny import measured

TINY = Path(__file__).with_name("tiny_membership.yaml")
RECIPES = ("membership_fashion", "membership_cifar10", "membership_fashion_large")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("membership")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "load", lambda name: noise())
        return measured(TINY, folder)


def test_the_table_has_every_model_under_every_attack(table):
    assert set(table.seed) == set(range(2, 8)) and set(table.per_class) == {4} and table.unit.isna().all()
    models = table[["defence", "strength"]].drop_duplicates().sort_values("defence")
    assert models.defence.tolist() == ["none", "smoothing"] and models.strength.fillna(0).tolist() == [0, -0.2]
    advantages = table[table.measure == "advantage"]
    assert set(advantages.attack) == {"average", "powerful", "augmented", "shadow", "lira", "lira_unaware"}
    assert len(advantages) == 2 * 6 * 6 and advantages.value.between(-1, 1).all()
    areas = table[table.measure == "auc"]
    assert set(areas.attack) == {*advantages.attack, "distance", "distance 0.9"} and areas.value.between(0, 1).all()
    whole = table[table.attack.isna()]
    assert set(whole.measure) == {"accuracy", "training_accuracy", "confidence", "calibration_error", "margin"}
    assert {"tpr_at_0.001", "tpr_at_0.01", "reached"} <= set(table.measure)


def test_who_knows_no_mechanism_has_the_same_shadows_where_there_is_none(table):
    rows = table[table.defence == "none"].pivot(index=["measure", "seed"], columns="attack", values="value")
    same = rows[["lira", "lira_unaware"]].dropna()
    assert len(same) and (same.lira == same.lira_unaware).all()
    smoothed = table[(table.defence == "smoothing") & (table.measure == "auc")]
    other = smoothed.pivot(index="seed", columns="attack", values="value")
    assert (other.lira != other.lira_unaware).any()


def as_measured(name, table):
    """Every row that a recipe will have, from its cells and from what each kind of cell measures; numbers by chance."""
    measures = {attack: set(rows.measure) for attack, rows in table.groupby("attack", observed=True)}
    measures[None] = set(table[table.attack.isna()].measure)
    random, rows = np.random.default_rng(0), []
    for cell in read_recipe(name).cells():
        columns = {"attack": None, "unit": None} | cell.columns()
        rows += [columns | {"measure": own, "value": random.random()} for own in measures[columns["attack"]]]
    return tidy(rows)


@pytest.mark.parametrize("name", RECIPES)
def test_every_question_of_the_claims_finds_its_rows(name, table):
    tables, asked = {name: as_measured(name, table)}, set()
    for claim in read_claims():
        for verdict in judge(claim, tables):
            for part in verdict.parts:
                asked.add(claim.id)
                assert part.word != NOT_MEASURED, (claim.id, part.sentence)
    assert asked == ({"M2", "M5"} if "large" in name else {"M1", "M2", "M3", "M4", "M5", "S20"})


def test_the_augmentation_aware_attack_reduces_as_what_is_known_advises():
    """Members' copies lie together, non-members' apart with the same mean: only the deviation tells them."""
    random = np.random.default_rng(0)
    narrow, wide = random.normal(5, 0.1, (40, 8)), random.normal(5, 2.0, (40, 8))
    losses = np.concatenate([narrow - narrow.mean(axis=1, keepdims=True), wide - wide.mean(axis=1, keepdims=True)])
    known = MembershipSplit(np.arange(20), np.arange(40, 60))
    asked = np.concatenate([np.arange(20, 40), np.arange(60, 80)])
    says = augmented(losses, known, asked).says_member
    assert says[:20].mean() > 0.7 and says[20:].mean() < 0.1
