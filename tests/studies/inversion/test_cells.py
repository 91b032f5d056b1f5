"""A whole recipe at toy size: every cell gives rows, the table is tidy, and what is asked twice is made once."""

from pathlib import Path

import pandas as pd
import pytest

from mia_kit.runs import evidence
from mia_kit.runs.claims import judge, read_claims
from mia_kit.runs.evidence import read_table
from mia_kit.runs.store import Store
from mia_kit.runs.table import tidy
from mia_kit.studies import registry
from mia_kit.studies.registry import measure, read_recipe

TINY = Path(__file__).with_name("tiny_drawn.yaml")


@pytest.fixture(scope="module")
def table(random_faces, tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIA_KIT_EVIDENCE", str(folder / "evidence"))
        path = measure(read_recipe(str(TINY)), Store(folder / "store"), progress=False)
        assert path.name == "tiny_drawn.csv.gz"
        first = path.read_bytes()
        assert measure(read_recipe(str(TINY)), Store(folder / "store"), progress=False).read_bytes() == first
        return read_table("tiny_drawn")


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


def test_evidence_of_a_user_never_lands_among_ours(tmp_path, monkeypatch):
    monkeypatch.delenv("MIA_KIT_EVIDENCE", raising=False)
    monkeypatch.chdir(tmp_path)
    theirs = tmp_path / "smoothing_drawn.yaml"
    theirs.write_text(registry.recipes()["smoothing_drawn"].read_text().replace("steps: 200", "steps: 100"))
    named = read_recipe(str(theirs))
    assert evidence.folder_for(named.recipe, named.shipped) == tmp_path / "my_evidence"
    ours = read_recipe("smoothing_drawn")
    assert evidence.folder_for(ours.recipe, ours.shipped) == evidence.evidence_folder()


def test_the_claims_find_their_rows(table):
    """What `claims.yaml` asks of the central figure is there, but for factors, losses and steps that a toy lacks."""
    plain = table.astype({name: object for name in table.select_dtypes("category")})
    seeds = tidy(pd.concat([plain.assign(seed=seed) for seed in (1, 2, 3)], ignore_index=True))
    missing = {}
    for claim in read_claims():
        for verdict in judge(claim, {"smoothing_drawn": seeds}):
            for part in verdict.parts:
                if part.word == "not measured yet":
                    missing.setdefault(part.sentence.split(", ", 1)[1].split(" must be")[0], set()).add(claim.id)
    assert missing.pop("loss") <= {"S5", "S16", "S17", "S23"}
    assert missing.pop("steps") == {"S9"} and missing.pop("strength") == {"S10"}
    assert missing == {}
