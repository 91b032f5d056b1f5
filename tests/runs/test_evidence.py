"""Evidence: a table and its record belong together, and a user's recipe never overwrites the course's."""

import json
from pathlib import Path

import pandas as pd
import pytest

from mia_kit.runs import evidence
from mia_kit.runs.table import tidy, write


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MIA_KIT_EVIDENCE", str(tmp_path))
    return tmp_path


ROW = {"study": "s", "world": "w", "seed": 1, "unit": None, "measure": "m", "value": 1.0}


def test_a_table_comes_back_with_its_circumstances(folder: Path) -> None:
    recipe = {"study": "s", "seeds": [1]}
    path = evidence.write_evidence(folder, "tiny", tidy([ROW]), recipe, 2.345)
    assert path == folder / "tiny.csv.gz"
    pd.testing.assert_frame_equal(evidence.read_table("tiny"), tidy([ROW]))
    record = evidence.read_record("tiny")
    assert record["command"] == "mia-kit run tiny" and record["recipe"] == recipe and record["seconds"] == 2.3
    assert {"versions", "device", "date"} <= record.keys()
    assert set(evidence.stored_tables({"tiny", "absent"})) == {"tiny"}


def test_only_the_shipped_recipe_is_measured_into_the_course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIA_KIT_EVIDENCE", raising=False)
    monkeypatch.chdir(tmp_path)
    shipped = {"study": "inversion", "seeds": [1, 2]}
    assert evidence.folder_for(dict(shipped), shipped) == evidence.evidence_folder()
    for recipe, known in (({**shipped, "seeds": [1]}, shipped), (shipped, None), (None, None)):
        assert evidence.folder_for(recipe, known) == tmp_path / "my_evidence"
    monkeypatch.setenv("MIA_KIT_EVIDENCE", str(tmp_path / "mine"))
    assert evidence.folder_for({}, shipped) == tmp_path / "mine"


def test_a_table_that_is_another_than_its_record_says(folder: Path) -> None:
    evidence.write_evidence(folder, "tiny", tidy([ROW]), {}, 1.0)
    write(folder / "tiny.csv.gz", tidy([{**ROW, "value": 2.0}]))
    with pytest.raises(ValueError, match=r"is not the table that tiny\.json tells of; measure it with: mia-kit run"):
        evidence.read_table("tiny")


@pytest.mark.parametrize("content", ["{", "[]", "[" * 99999])
def test_a_damaged_record(folder: Path, content: str) -> None:
    evidence.write_evidence(folder, "tiny", tidy([ROW]), {}, 1.0)
    (folder / "tiny.json").write_text(content)
    with pytest.raises(ValueError, match="measure it with: mia-kit run tiny"):
        evidence.read_table("tiny")
    (folder / "tiny.json").unlink()
    with pytest.raises(FileNotFoundError, match="there is no evidence at .*; measure it with: mia-kit run tiny"):
        evidence.read_table("tiny")


def test_what_ships_is_whole() -> None:
    for path in evidence.evidence_folder().glob("*.csv.gz"):
        name = path.name.removesuffix(".csv.gz")
        table, record = evidence.read_table(name), evidence.read_record(name)
        assert len(table) == record["rows"]
        if name != "priors":  # of the first house, its numbers unchanged
            assert 0 not in set(table["seed"]), "seed 0 served to choose the set-ups"
        assert json.dumps(record["recipe"])
