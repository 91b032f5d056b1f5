"""The scoreboard: what became of every claim, for the terminal, a page of its own and chapter 13.

A claim is judged by `mia_kit.runs.claims` from the tables in the evidence folder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from mia_kit.course import elsewhere, findings, stored_claims
from mia_kit.data.folders import read_json
from mia_kit.runs.claims import NOT_MEASURED, WORDS, Claim, Verdict, judge, read_claims
from mia_kit.runs.evidence import stored_tables
from mia_kit.runs.places import evidence_folder

SCOREBOARD = "13_claims.ipynb"  # prints every verdict: where a claim is shown is another chapter
PRINTED = re.compile(rf"\b([SMPD]\d+)(?:, [^:\n]+)?: (?:not reproduced|{'|'.join(WORDS)})")


@dataclass(frozen=True)
class Row:
    """A claim with its verdicts, one for each world; `link` leads to the first cell that prints one, "" if none."""

    claim: Claim
    verdicts: tuple[Verdict, ...]
    link: str

    @property
    def measured(self) -> tuple[Verdict, ...]:
        """The verdicts of the worlds that were measured."""
        return tuple(verdict for verdict in self.verdicts if verdict.word != NOT_MEASURED)

    @property
    def marks(self) -> list[tuple[str, str]]:
        """For each world that was measured its word and its sentence; else what is known without a measurement."""
        marks = [(verdict.word, verdict.sentence) for verdict in self.measured]
        return marks or [(NOT_MEASURED, NOT_MEASURED)]


def read_rows(*, links: bool = True) -> list[Row]:
    """All claims in the papers' order, judged by the tables that are there; links take a look at every notebook."""
    claims, cells = read_claims(), _cells() if links else {}
    tables = stored_tables({case.table for claim in claims for case in claim.cases})
    return [Row(claim, judge(claim, tables), cells.get(claim.id, "")) for claim in claims]


def as_text(rows: list[Row]) -> str:
    """The table for a terminal: a short paragraph for each claim."""
    lines = []
    for row in rows:
        lines.append(f"{row.claim.id:4} {row.claim.claim}")
        lines.append(f"     paper: {row.claim.paper}")
        for verdict in row.measured:
            lines.append(f"     {verdict.world}: {verdict.word.upper()}")
            lines += [f"         {part.name}: {part.sentence}" for part in verdict.parts]
        if not row.measured:
            lines.append(f"     {NOT_MEASURED}")
        lines += [f"     {row.claim.waiting}"] * bool(row.claim.waiting)
    return "\n".join(lines)


def as_markdown(rows: list[Row]) -> str:
    """The table for the page."""
    lines = ["| claim | paper | verdict |", "|---|---|---|"]
    for row in rows:
        verdicts = [
            "<br>".join([f"{of.world}: **{of.word}**", *(f"{part.name}: {part.sentence}" for part in of.parts)])
            for of in row.measured
        ]
        cell = "<br>".join((verdicts or [NOT_MEASURED]) + [row.claim.waiting] * bool(row.claim.waiting))
        name = f"[{row.claim.id}]({row.link})" if row.link else row.claim.id
        lines.append(f"| **{name}** {row.claim.claim} | {row.claim.paper} | {cell} |")
    measured = sum(bool(row.measured) for row in rows)
    end = f"{measured} of {len(rows)} claims are measured. `mia-kit claims` prints every part."
    return "\n".join([*lines, "", end])


def update_pages(folder: Path) -> None:
    """Rewrite the table in notebooks/CLAIMS.md, and findings and badges in README.md, below the course's folder.

    What `mia-kit claims` prints is written beside the evidence; first cells follow the address in pyproject.toml.
    """
    sentences = findings.as_markdown(findings.read_findings())  # read all before a page is written
    printed, table = as_text(read_rows(links=False)), as_markdown(read_rows())
    address = elsewhere.read_address(folder)
    elsewhere.update_notebooks(folder / "notebooks", address)
    update(folder / "README.md", "badges", elsewhere.badges(address, elsewhere.START))
    stored_claims.write(printed)
    update(folder / "notebooks" / "CLAIMS.md", "claims", table)
    update(folder / "README.md", "findings", sentences)


def update(page: Path, what: str, content: str) -> None:
    """Rewrite what stands between a page's two markers. ValueError if they are not there once each."""
    begin, end = f"<!-- {what}:begin -->", f"<!-- {what}:end -->"
    text = page.read_text(encoding="utf-8")
    if text.count(begin) != 1 or text.count(end) != 1:
        raise ValueError(f"{page} must hold the lines {begin} and {end} once each")
    head, tail = text.split(begin)[0], text.split(end)[1]
    page.write_text(f"{head}{begin}\n{content}\n{end}{tail}", encoding="utf-8")


def _cells() -> dict[str, str]:
    """By claim the first cell of the executed notebooks that prints its verdict, as JupyterLab's links name a cell."""
    links: dict[str, str] = {}
    for path in sorted(evidence_folder().parent.glob("[0-9][0-9]_*.ipynb")):
        notebook = {} if path.name == SCOREBOARD else read_json(path, "write it again with: mia-kit notebooks")
        for cell in notebook.get("cells", []):
            printed = "".join("".join(output.get("text", "")) for output in cell.get("outputs", []))
            for match in PRINTED.finditer(printed):
                links.setdefault(match[1], f"{path.name}#cell-id={cell['id']}")
    return links
