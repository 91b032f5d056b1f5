"""The tidy table: fixed dtypes, the same bytes for the same rows, selections that do not guess."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mia_kit.runs import table as tables
from mia_kit.runs.table import NoRowsError, read, select, tidy, write


def rows(seeds: tuple[int, ...] = (1, 2)) -> list[dict]:
    """Two factors, three people and an accuracy for each seed."""
    made = []
    for seed in seeds:
        for strength in (0.0, -0.2):
            shared = {"study": "inversion", "world": "drawn", "defence": "smoothing", "seed": seed}
            shared["strength"] = strength
            made.append({**shared, "unit": None, "measure": "accuracy", "value": 0.5 + seed / 100})
            for unit in range(3):
                attack = {"attack": "ppa", "loss": "none" if unit == 2 else "logit", "prior": "dcgan", "steps": 50}
                made.append({**shared, **attack, "unit": unit, "measure": "acc1", "value": float(unit > 0)})
    return made


def test_dtypes_and_values_survive_the_file(tmp_path: Path) -> None:
    table = tidy([{**row, "value": row["value"] * (1 + 1e-8)} for row in rows()])
    write(tmp_path / "a.csv.gz", table)
    again, table = read(tmp_path / "a.csv.gz"), tidy(rows())  # six digits are kept
    pd.testing.assert_frame_equal(again, table)
    assert {name: str(dtype) for name, dtype in again.dtypes.items()} == {
        **dict.fromkeys(("study", "world", "defence", "attack", "loss", "prior", "measure"), "category"),
        **dict.fromkeys(("seed", "unit", "steps"), "Int64"),
        **dict.fromkeys(("strength", "value"), "float64"),
    }
    plain = pd.read_csv(tmp_path / "a.csv.gz")  # what a learner does
    assert plain.columns.tolist()[-3:] == ["unit", "measure", "value"] and len(plain) == len(table)
    assert set(again["loss"].dropna()) == {"none", "logit"}, "a loss called none is a name, not a gap"


def test_the_same_rows_give_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    table = tidy(rows())
    write(tmp_path / "a.csv.gz", table)
    write(tmp_path / "b.csv.gz", table.sample(frac=1, random_state=0))
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()
    assert (tmp_path / "a.csv.gz").read_bytes()[4:8] == bytes(4), "gzip's header holds no time"
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["a.csv.gz", "b.csv.gz"]


def test_a_table_that_is_too_large_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "LARGEST", 100)
    with pytest.raises(ValueError, match=r"a table must stay under 0\.0001 MB, got .* MB of 16 rows"):
        write(tmp_path / "a.csv.gz", tidy(rows()))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": None}, "the column seed must be filled in every row, got 1 gaps"),
        ({"value": np.nan}, "the column value must be filled in every row, got 1 gaps"),
        ({"seed": 1.5}, "the column seed must hold whole numbers, got 1.5 instead"),
        ({"value": "high"}, "the column value must hold numbers, got 'high' instead"),
        ({"strength": -0.2}, "every row must differ in more than its value, got this one twice: .*strength=-0.2"),
    ],
)
def test_a_row_that_does_not_fit(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tidy([*rows((1,))[1:], {**rows((1,))[0], **change}])
    with pytest.raises(ValueError, match="a table must have the columns study, .*, got none named measure, value"):
        tidy([{"study": "s", "world": "w", "seed": 1, "unit": 0}])


# By name: the bytes of gzip hold the time, and tests that are called by them differ from worker to worker.
DAMAGED = {
    "nothing": b"",
    "another table": gzip.compress(b"a,b\n1,2\n"),
    "no text": gzip.compress(b"\xff\xfe"),
    "bent": gzip.compress(b"a,b\n1,2\n")[:10] + b"\xff" * 40,
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_or_foreign_file_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv.gz").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.csv\.gz is damaged or no table of a study \(.+\)") as raised:
        read(tmp_path / "a.csv.gz")
    assert "\n" not in str(raised.value)
    with pytest.raises(FileNotFoundError, match="there is no table at"):
        read(tmp_path / "b.csv.gz")


def test_select_compares_numbers_with_a_tolerance_and_knows_gaps() -> None:
    table = tidy(rows())
    assert len(select(table, strength=-0.2, measure="acc1", seed=1)) == 3
    assert len(select(table.assign(strength=0.1 + 0.2), strength=0.3)) == len(table)
    assert len(select(table, strength=[-0.2, 0], unit=[0, 1])) == 8
    assert set(select(table, attack=None)["measure"]) == {"accuracy"}
    assert len(select(table)) == len(table)


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"los": "logit"}, "a column must be one of .*, got 'los' instead: did you mean loss?"),
        ({"loss": "logits"}, "loss must be one of logit, none, got 'logits' instead: did you mean logit?"),
        ({"strength": 0.1}, r"strength must be one of -0.2, 0, got 0.1 instead"),
        ({"strength": "0"}, "strength must be one of -0.2, 0, got '0' instead"),
        ({"seed": True}, "seed must be one of 1, 2, got True instead"),
        ({"measure": "accuracy", "unit": 0}, "the table has no row with measure=accuracy, unit=0 together"),
    ],
)
def test_a_selection_of_nothing_says_what_there_is(where: dict, message: str) -> None:
    with pytest.raises(NoRowsError, match=message):
        select(tidy(rows()), **where)
