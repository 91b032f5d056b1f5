"""Chapter 11's evidence of before there were tables is read as the table that will replace it."""

import json
from pathlib import Path

import pytest

from mia_kit.studies.membership import quick


def test_evidence_of_before_there_were_tables_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shared = {"accuracy": 0.8, "auc": {"loss": 0.6, "distance": 0.7}}
    rows = [
        shared | {"mechanism": mechanism, "seed": seed, "advantage": {"powerful": 0.3 + seed / 10}}
        for mechanism in ("none", "negative_smoothing 0.05", "crop_and_flip 3 + positive_smoothing 0.05")
        for seed in (0, 1)
    ]
    verdicts = {"M1": {"verdict": "reproduced", "course": "so it is"}}
    (tmp_path / "mine.json").write_text(json.dumps({"results": {"rows": rows, "claims": verdicts}}))
    monkeypatch.setenv("MIA_KIT_EVIDENCE", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="mia-kit run nobody"):
        quick.course("nobody")
    table, sentences = quick.course("mine")
    assert sentences == ["M1: reproduced\n  so it is"]
    assert list(dict.fromkeys(table.defence)) == ["none", "smoothing", "crop_and_flip + smoothing"]
    assert set(table[table.defence == "smoothing"].strength) == {-0.05}
    assert table[table.defence != "smoothing"].strength.isna().all()
    powerful = table[(table.defence == "none") & (table.attack == "powerful")]
    assert powerful.measure.tolist() == ["advantage"] * 2 and powerful.value.tolist() == pytest.approx([0.3, 0.4])
