"""Claims and evidence: every finding has a row, verdicts follow from numbers, and the README is current."""

import json
from pathlib import Path

import nbformat
import numpy as np
import pytest

from mia_kit.experiments import claims, evidence, toy_order
from mia_kit.experiments.runner import read_recipe, recipe_names

ROOT = Path(__file__).resolve().parents[2]


def test_every_finding_has_a_row():
    ids = [claim.id for claim in claims.read_claims()]
    assert ids == [f"{p}{i}" for p, n in (("S", 22), ("M", 5), ("P", 13), ("D", 7)) for i in range(1, n + 1)]


def test_every_measured_claim_leads_to_the_cell_that_prints_it():
    measured = {claim.id: claim for claim in claims.read_claims() if claim.ours}
    assert {"S1", "S5", "M1", "P1", "D1"} <= set(measured)
    printed = {
        f"notebooks/{path.name}#cell-id={cell.id}": "".join(output.get("text", "") for output in cell.outputs)
        for path in (ROOT / "notebooks").glob("*.ipynb")
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code"
    }
    for claim in measured.values():
        assert claim.link[10:12] in claim.chapters
        assert f"{claim.id}: {claim.verdict}" in printed[claim.link], "execute the notebook again: mia-kit notebooks"


def test_a_claim_without_evidence_is_not_run(tmp_path, monkeypatch):
    monkeypatch.setenv("MIA_KIT_EVIDENCE", str(tmp_path))
    assert {claim.verdict for claim in claims.read_claims()} == {"not run"}


def test_what_is_still_to_be_run_is_said_with_its_command():
    waiting = "full: not run, no GPU was at hand (mia-kit run gpu_evidence)"
    measured = claims.Claim("S5", "people", "figure 3", "03", {"course": "0.5"}, "not reproduced", "", waiting)
    absent = claims.Claim("S6", "stages", "—", "04", {}, "not run", "", waiting)
    assert claims.as_text([measured, absent]).count(waiting) == 2
    table = claims.as_markdown([measured, absent])
    assert f"course: 0.5<br>{waiting} |" in table and f"Not run yet (1): S6 ({waiting})." in table
    assert "Every claim has been measured at one size at least." in claims.as_markdown([measured])
    assert {"S5", "S15"} <= {claim.id for claim in claims.read_claims() if claim.waiting}


def test_readme_is_current():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.split(claims.BEGIN)[1].split(claims.END)[0].strip()
    assert table == claims.as_markdown(claims.read_claims()), "renew it with: mia-kit claims --readme README.md"


def test_readme_without_markers(tmp_path):
    (tmp_path / "README.md").write_text("no markers")
    with pytest.raises(ValueError, match="must hold the lines"):
        claims.update_readme(tmp_path / "README.md")


@pytest.mark.parametrize(("gap", "verdict"), [(1.0, "reproduced"), (-1.0, "not reproduced"), (0.0, "not reproduced")])
def test_verdict_follows_the_numbers(gap, verdict):
    noise = np.random.default_rng(0).normal(scale=0.1, size=(3, 20, 4))
    values = noise + gap * np.arange(3)[:, None, None]
    summary = toy_order.summarise(values, sign=1)
    recipe = {"smoothings": [0.05, 0.0, -0.05], "seeds": 20, "starts": [[0, 0]] * 4}
    assert toy_order.claim(summary, recipe)["verdict"] == verdict
    assert summary["ordered_share"][0] == (1.0 if gap == 1 else pytest.approx(summary["ordered_share"][0]))


def test_stored_verdicts_follow_from_stored_numbers():
    stored = evidence.read_evidence("toy_order")
    for name, quantity in (("S1", "distance"), ("S2", "steps")):
        assert toy_order.claim(stored["results"][quantity], stored["recipe"]) == stored["results"]["claims"][name]


def test_stored_recipe_is_the_shipped_one():
    for name in recipe_names():
        if (evidence.evidence_folder() / f"{name}.json").is_file():
            assert evidence.read_evidence(name)["recipe"] == read_recipe(name), f"measure again: mia-kit run {name}"


def test_evidence_names_its_circumstances():
    for path in evidence.evidence_folder().glob("*.json"):
        record = evidence.read_evidence(path.stem)
        assert {"command", "recipe", "versions", "device", "seconds", "date", "results"} <= record.keys()
        assert path.stat().st_size < 500_000


@pytest.mark.slow
def test_a_sample_of_the_evidence_is_measured_again():
    """Two seeds of the fifty, in full. An attack can tip at a saddle point, so one in ten may end elsewhere."""
    again = toy_order.run(read_recipe("toy_order") | {"seeds": 2}, progress=False)
    stored = evidence.read_evidence("toy_order")["results"]
    for quantity, tolerance in (("distance", 0.05), ("steps", 0.02)):
        ours, known = (np.array(results[quantity]["values"])[:, :2] for results in (again, stored))
        assert ours.shape == (3, 2, 5)
        assert np.isclose(ours, known, rtol=tolerance, atol=0.05).mean() >= 0.9


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


def test_a_claim_measured_twice_at_a_size_must_hold_both_times():
    first = {"course": "digits: 1", "verdict": "reproduced", "link": "a"}
    second = {"course": "faces: 2", "verdict": "not reproduced"}
    both = {"course": "digits: 1; faces: 2", "verdict": "not reproduced", "link": "a"}
    assert claims.joined(first, second) == both
    assert claims.joined(second, first)["verdict"] == "not reproduced"
    assert claims.joined(first, second | {"verdict": "reproduced"})["verdict"] == "reproduced"
    quick = {"quick": "q", "verdict": "not reproduced"}
    assert claims.joined(quick, first) == quick | first  # another size says more than the one before
    assert claims.joined({}, first) == first
