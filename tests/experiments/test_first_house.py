"""The first house's evidence: readable, whole, and measured by the recipes that ship."""

import json

import pytest

from mia_kit.experiments import evidence
from mia_kit.experiments.runner import read_recipe, recipe_names


def test_stored_recipe_is_the_shipped_one():
    for name in recipe_names():
        if (evidence.evidence_folder() / f"{name}.json").is_file():
            assert evidence.read_evidence(name)["recipe"] == read_recipe(name), f"measure again: mia-kit run {name}"


def test_evidence_names_its_circumstances():
    for path in evidence.evidence_folder().glob("*.json"):
        if path.with_suffix(".csv.gz").exists():
            continue  # of the new house
        record = evidence.read_evidence(path.stem)
        assert {"command", "recipe", "versions", "device", "seconds", "date"} <= record.keys()
        assert path.stat().st_size < 500_000


def test_a_word_needs_every_file_that_speaks_of_it(tmp_path, monkeypatch):
    monkeypatch.setenv("MIA_KIT_EVIDENCE", str(tmp_path))
    for name, word in (("digits", "reproduced"), ("faces", "not reproduced")):
        claims = {"P1": {"course": "1", "verdict": word}, "P2": {"course": "1", "verdict": "reproduced"}}
        evidence.write_evidence(name, {}, {"claims": claims}, 1.0)
    for name in ("table.json", "table.csv.gz"):
        (tmp_path / name).write_text("{}")  # a tidy table and its record
    assert evidence.first_house() == {"P1": "not reproduced", "P2": "reproduced"}


def test_damaged_or_absent_evidence(tmp_path, monkeypatch):
    monkeypatch.setenv("MIA_KIT_EVIDENCE", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="measure it with: mia-kit run toy_order"):
        evidence.read_evidence("toy_order")
    (tmp_path / "toy_order.json").write_text('{"half": ')
    with pytest.raises(ValueError, match="damaged"):
        evidence.read_evidence("toy_order")


def test_evidence_is_written_whole(tmp_path, monkeypatch):
    monkeypatch.setenv("MIA_KIT_EVIDENCE", str(tmp_path))
    path = evidence.write_evidence("trial", {"experiment": "trial"}, {"value": 1}, 2.345)
    record = json.loads(path.read_text())
    assert (record["seconds"], record["results"], record["command"]) == (
        2.3,
        {"value": 1},
        "mia-kit run trial",
    )
    assert [entry.name for entry in tmp_path.iterdir()] == ["trial.json"]
