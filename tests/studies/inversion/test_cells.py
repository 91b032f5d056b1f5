"""A whole recipe at toy size: every cell gives rows, the table is tidy, and what is asked twice is made once."""

from pathlib import Path

import pytest

from mia_kit.runs.claims import NOT_MEASURED
from tests.studies.tiny import answers, measured


@pytest.fixture(scope="module")
def table(random_faces, tmp_path_factory):
    return measured(Path(__file__).with_name("tiny_drawn.yaml"), tmp_path_factory.mktemp("drawn"))


def test_the_table_has_every_cell(table):
    attacks = table[table.attack == "ppa"].groupby(["strength", "loss"], observed=True)
    assert set(attacks.groups) == {(s, loss) for s in (-0.2, 0.0, 0.1) for loss in ("cross_entropy", "temperature")}
    by_person = table[(table.attack == "ppa") & (table.measure == "acc1")]
    # Of twelve people four serve to choose the rate and are left out.
    assert by_person.groupby(["strength", "loss"], observed=True).unit.nunique().eq(8).all()
    assert set(by_person.steps) == {4}
    assert {"start", "placebo", "placebo start", "oracle", "truth"} <= set(table.attack.dropna())
    whole = table[table.unit.isna() & table.strength.eq(-0.2) & table.attack.isna()].set_index("measure").value
    assert whole["dose"] > 0 and 0 <= whole["accuracy"] <= 1 and whole["margin"] == pytest.approx(whole["margin"])


def test_the_start_is_the_same_whatever_the_loss(table):
    starts = table[(table.attack == "start") & (table.measure == "rank")]
    spread = starts.groupby(["strength", "unit"], observed=True).value.agg(lambda values: values.max() - values.min())
    assert spread.max() == 0


def test_the_claims_find_their_rows(table):
    """What `claims.yaml` asks of the central figure is there, but for factors, losses and steps that a toy lacks."""
    missing = {}
    for claim, parts in answers("smoothing_drawn", table).items():
        for part in parts:
            if part.word == NOT_MEASURED:
                missing.setdefault(part.sentence.split(", ", 1)[1].split(" must be")[0], set()).add(claim)
    assert missing.pop("loss") <= {"S5", "S16", "S17", "S23"}
    assert missing.pop("strength") == {"S10"}
    assert missing == {}


def test_stages_are_swapped_and_of_several_candidates_one_is_judged(random_faces, tmp_path):
    """Each stage, and all of them, given to each other strength; a rate is chosen among what would be handed in."""
    table = measured(Path(__file__).with_name("tiny_stages.yaml"), tmp_path)
    judged = table[(table.attack == "ppa") & (table.measure == "acc1") & table.unit.notna()]
    people = judged.groupby(["stage", "strength"], observed=True).unit.agg(["size", "nunique"])
    stages = {("none", 0.0)} | {
        (stage, strength) for stage in ("sampling", "optimisation", "selection", "all") for strength in (-0.2, 0.1)
    }
    assert set(people.index) == stages and people.eq(6).all(axis=None), "of eight people two choose the rate"
    assert all(part.word != NOT_MEASURED for claim in ("S6", "S8") for part in answers("stages_drawn", table)[claim])
