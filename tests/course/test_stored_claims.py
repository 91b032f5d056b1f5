"""What `mia-kit claims` prints is kept beside the evidence, and never outlives it."""

from pathlib import Path

import pytest

from mia_kit import cli
from mia_kit.course import stored_claims


@pytest.fixture
def evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MIA_KIT_EVIDENCE", str(tmp_path))
    (tmp_path / "a.json").write_text('{"results": {}}')
    return tmp_path


def test_a_kept_text_is_printed_as_it_is(evidence: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert stored_claims.read() == ""
    stored_claims.write("S1 first\nS2 second")
    assert cli.main(["claims"]) == 0 and capsys.readouterr().out == "S1 first\nS2 second\n"
    (evidence / "a.json").write_text('{"results": {"claims": {}}}')  # other evidence makes it stale
    assert stored_claims.read() == ""


def test_another_claim_makes_it_stale(evidence: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (evidence / "runs").mkdir()
    (evidence / "runs" / "claims.yaml").write_text("a: 1")
    monkeypatch.setattr(stored_claims, "PACKAGE", evidence)
    stored_claims.write("S1 first")
    assert stored_claims.read() == "S1 first"
    (evidence / "runs" / "claims.yaml").write_text("a: 2")
    assert stored_claims.read() == ""
