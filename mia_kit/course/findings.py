"""What we found: the one sentence at the end of each chapter, as chapter 13 and the README show them.

A chapter ends with a line that begins with "Finding:", printed by a cell from the stored tables, or bold in its text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mia_kit.data.folders import read_json
from mia_kit.runs.evidence import evidence_folder

FINDING = re.compile(r"^\**Finding[.:]\**\s*(.+(?:\n(?!\n).+)*)", re.MULTILINE)


@dataclass(frozen=True)
class Finding:
    """A chapter's sentence, with the chapter's file and title."""

    name: str
    title: str
    sentence: str


def read_findings(folder: Path | None = None) -> list[Finding]:
    """Of the executed notebooks in a folder, the course's by default, in the order of the chapters."""
    findings = []
    for path in sorted((folder or evidence_folder().parent).glob("[0-9][0-9]_*.ipynb")):
        cells = read_json(path, "write it again with: mia-kit notebooks").get("cells", [])
        titles = [line for cell in cells[:2] for line in "".join(cell["source"]).splitlines() if line.startswith("# ")]
        if (sentence := finding_of(cells)) and titles:
            findings.append(Finding(path.stem, re.sub(r"^# \d+\. ", "", titles[0]), sentence))
    return findings


def finding_of(cells: Sequence[Mapping[str, Any]]) -> str:
    """The last finding among the cells of an executed notebook, on one line; empty if there is none."""
    sentences = [match[1] for cell in cells for match in FINDING.finditer(_said(cell))]
    words = " ".join(sentences[-1].split()) if sentences else ""
    return words[:1].upper() + words[1:]


def as_text(findings: list[Finding]) -> str:
    """A short paragraph for each chapter."""
    return "\n".join(f"{int(finding.name[:2]):2}  {finding.title}\n    {finding.sentence}" for finding in findings)


def as_markdown(findings: list[Finding]) -> str:
    """A list for the README."""
    return "\n".join(f"* [{item.title}](notebooks/{item.name}.ipynb): {item.sentence}" for item in findings)


def _said(cell: Mapping[str, Any]) -> str:
    """The text of a cell, or what it printed."""
    if cell["cell_type"] == "markdown":
        return "".join(cell["source"])
    return "".join("".join(output.get("text", "")) for output in cell.get("outputs", []))
