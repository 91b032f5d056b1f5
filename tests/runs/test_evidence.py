"""Evidence: a table and its record belong together, and a user's recipe never overwrites the course's."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pandas as pd
import pytest

from mia_kit.runs import evidence
from mia_kit.runs.cells import Cell
from mia_kit.runs.circumstances import circumstances
from mia_kit.runs.recipe import Settings
from mia_kit.runs.store import Store
from mia_kit.runs.table import tidy, write
from mia_kit.studies.registry import measure

MEASURED = {1: circumstances(1.0)}
ROW = {"study": "s", "world": "w", "seed": 1, "unit": None, "measure": "m", "value": 1.0}


def test_a_table_comes_back_with_its_circumstances(folder: Path) -> None:
    recipe = {"study": "s", "seeds": [1]}
    path = evidence.write_evidence(folder, "tiny", tidy([ROW]), recipe, {1: circumstances(2.345)}, {"Cell": 1})
    assert path == folder / "tiny.csv.gz"
    pd.testing.assert_frame_equal(evidence.read_table("tiny"), tidy([ROW]))
    record = evidence.read_record("tiny")
    assert record["command"] == "mia-kit run tiny" and record["recipe"] == recipe and record["seconds"] == 2.3
    assert {"versions", "device", "date"} <= record.keys()
    assert set(evidence.stored_tables({"tiny", "absent"})) == {"tiny"}


def test_seconds_of_each_kind_of_part_are_those_of_the_seeds_that_say_so(folder: Path) -> None:
    told = ({"seconds_by": {"Target": 30.0, "Attack": 8.0}}, {}, {"seconds_by": {"Target": 10.0}})
    measured = {seed: circumstances(1.0) | more for seed, more in enumerate(told, start=1)}
    evidence.write_evidence(folder, "tiny", tidy([ROW]), {}, measured, {})
    assert evidence.seconds_by("tiny").to_dict() == {"Target": 20.0, "Attack": 8.0}
    evidence.write_evidence(folder, "tiny", tidy([ROW]), {}, MEASURED, {})
    assert evidence.seconds_by("tiny").empty


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
    evidence.write_evidence(folder, "tiny", tidy([ROW]), {}, MEASURED, {})
    write(folder / "tiny.csv.gz", tidy([{**ROW, "value": 2.0}]))
    with pytest.raises(ValueError, match=r"is not the table that tiny\.json tells of; measure it with: mia-kit run"):
        evidence.read_table("tiny")


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_damaged_record(folder: Path, content: str) -> None:
    evidence.write_evidence(folder, "tiny", tidy([ROW]), {}, MEASURED, {})
    (folder / "tiny.json").write_text(content)
    with pytest.raises(ValueError, match="measure it again with: mia-kit run tiny"):
        evidence.read_table("tiny")
    (folder / "tiny.json").unlink()
    with pytest.raises(FileNotFoundError, match="there is no evidence at .*; measure it with: mia-kit run tiny"):
        evidence.read_table("tiny")


class Recipe(Settings, frozen=True):
    """A recipe of nothing but seeds and a size."""

    seeds: list[int]
    size: int = 3


@dataclass(frozen=True)
class Number(Cell):
    """A cell with one row; it notes that it was made."""

    seed: int
    size: int
    log: str

    def columns(self):
        return {"study": "s", "world": "w", "seed": self.seed}

    def fill(self, rows, made):
        with Path(self.log).open("a") as file:
            file.write(f"{self.seed} ")
        rows.add("m", self.size + self.seed)


def test_seeds_are_added_to_those_of_the_same_recipe_whatever_became_of_the_store(folder: Path) -> None:
    log = folder / "log"

    def run(store: str, seeds: list[int], size: int = 3, *, add: bool = True) -> list[int]:
        log.write_text("")
        cells = [Number(seed, size, str(log)) for seed in seeds]
        named = SimpleNamespace(name="tiny", recipe=Recipe(seeds=seeds, size=size), shipped=None, cells=lambda: cells)
        measure(named, Store(folder / store), add=add, progress=False)
        return [int(seed) for seed in log.read_text().split()]

    assert run("first", [1, 2]) == [1, 2]
    before = evidence.read_record("tiny")["seeds"]
    assert run("empty", [1, 2, 3]) == [3]
    assert list(evidence.read_table("tiny")["value"]) == [4, 5, 6]
    seeds = evidence.read_record("tiny")["seeds"]
    assert list(seeds) == ["1", "2", "3"] and seeds["1"] == before["1"]
    assert run("again", [1, 2, 3], add=False) == [1, 2, 3]
    assert run("another size", [3], 7) == [3], "another recipe takes nothing over"
    assert list(evidence.read_table("tiny")["value"]) == [10]


def test_rows_of_other_code_or_of_another_recipe_are_not_taken_over(folder: Path) -> None:
    table = tidy([ROW, {**ROW, "seed": 2}])
    measured = {1: circumstances(1.0), 2: circumstances(2.0)}
    evidence.write_evidence(folder, "tiny", table, msgspec.to_builtins(Recipe(seeds=[1, 2])), measured, {"Number": 1})
    earlier = evidence.earlier_seeds(folder, "tiny", Recipe(seeds=[2, 3]), {"Number": 1})
    assert list(earlier) == [2] and list(earlier[2][0]["seed"]) == [2] and earlier[2][1] == measured[2]
    assert not evidence.earlier_seeds(folder, "tiny", Recipe(seeds=[2, 3]), {"Number": 2})
    assert not evidence.earlier_seeds(folder, "tiny", Recipe(seeds=[2, 3], size=4), {"Number": 1})
    assert not evidence.earlier_seeds(folder, "absent", Recipe(seeds=[2, 3]), {"Number": 1})
