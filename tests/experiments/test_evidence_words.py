"""Notebooks say in words what an evidence file holds, or that there is none."""

from pathlib import Path

import pytest

from mia_kit.experiments.evidence import verdicts_in_words, write_evidence


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIA_KIT_EVIDENCE", str(tmp_path))


def test_verdicts_stand_one_by_one() -> None:
    claims = {
        "S1": {"course": "0.1 < 0.2", "verdict": "reproduced"},
        "S2": {"full": "none", "verdict": "not reproduced", "link": "x"},
    }
    write_evidence("made_up", {}, {"claims": claims}, 1.0)
    assert verdicts_in_words("made_up") == "claim S1: reproduced\n  0.1 < 0.2\nclaim S2: not reproduced\n  none"


def test_what_was_not_run_is_said_in_one_sentence() -> None:
    assert verdicts_in_words("absent").endswith("stand as not run. Measure it with: mia-kit run absent")
