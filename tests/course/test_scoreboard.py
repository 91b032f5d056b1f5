"""The scoreboard: every claim has a row, and the pages are current."""

import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from mia_kit import cli
from mia_kit.course import findings, scoreboard, stored_claims
from mia_kit.course.scoreboard import Row, as_markdown, as_text, read_rows
from mia_kit.runs.claims import judge, read_claims
from tests.runs.worlds import NEGATIVE, table_of

ROOT = Path(__file__).resolve().parents[2]
CLAIM = read_claims(NEGATIVE.encode())[0]


def row(*, measured: bool) -> Row:
    tables = {"simulated": table_of()} if measured else {}
    return Row(CLAIM, judge(CLAIM, tables), "")


def test_without_evidence_nothing_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIA_KIT_EVIDENCE", str(tmp_path))
    rows = read_rows()
    assert {word for one in rows for word, _ in one.marks} == {"not measured yet"} and len(rows) >= 50


def test_what_is_measured_is_told_part_by_part() -> None:
    for words in (as_text, as_markdown):
        assert "not measured yet" in words([row(measured=False)])
        told = words([row(measured=True)])
        assert "not measured" not in told and "negative: reproduced, acc1 -0.3" in told
    assert [word for word, _ in row(measured=True).marks] == ["reproduced"]


@pytest.mark.parametrize(
    ("name", "what", "content"),
    [
        ("notebooks/CLAIMS.md", "claims", lambda: as_markdown(read_rows())),
        ("README.md", "findings", lambda: findings.as_markdown(findings.read_findings())),
    ],
)
def test_pages_are_current(name: str, what: str, content: Callable[[], str]) -> None:
    page = (ROOT / name).read_text(encoding="utf-8")
    between = page.split(f"<!-- {what}:begin -->")[1].split(f"<!-- {what}:end -->")[0].strip()
    assert between == content(), "renew it with: make claims"


def test_what_the_command_prints_is_current() -> None:
    assert stored_claims.read() == as_text(read_rows(links=False)), "renew it with: make claims"


@pytest.mark.parametrize("changed", ["a.json", "runs/claims.yaml"])
def test_a_kept_text_is_printed_until_evidence_or_claims_change(
    changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MIA_KIT_EVIDENCE", str(tmp_path))
    monkeypatch.setattr(stored_claims, "PACKAGE", tmp_path)
    (tmp_path / "runs").mkdir()
    for name in ("a.json", "runs/claims.yaml"):
        (tmp_path / name).write_text("{}")
    assert stored_claims.read() == ""
    stored_claims.write("S1 first\nS2 second")
    assert cli.main(["claims"]) == 0 and capsys.readouterr().out == "S1 first\nS2 second\n"
    (tmp_path / changed).write_text('{"a": 1}')
    assert stored_claims.read() == ""


def test_a_page_is_rewritten_between_its_markers(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a <!-- claims:begin -->old<!-- claims:end --> b")
    scoreboard.update(page, "claims", "new")
    assert page.read_text() == "a <!-- claims:begin -->\nnew\n<!-- claims:end --> b"
    with pytest.raises(ValueError, match="must hold the lines"):
        scoreboard.update(page, "badges", "")


def test_a_link_leads_to_the_cell_that_prints_the_verdict() -> None:
    printed = {
        f"{path.name}#cell-id={cell.id}": "".join(output.get("text", "") for output in cell.outputs)
        for path in (ROOT / "notebooks").glob("*.ipynb")
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code"
    }
    linked = {one.claim.id: one for one in read_rows() if one.link}
    assert {"S1", "S5", "M1", "P1", "D1"} <= set(linked)
    for name, one in linked.items():
        assert one.link[:2] in one.claim.chapters and re.search(rf"\b{name}[:,] ", printed[one.link])
