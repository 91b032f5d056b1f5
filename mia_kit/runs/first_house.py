"""Reads what the first house measured: one JSON file a recipe, until its claims are measured into tables.

The verdicts in `results["claims"]` follow rules of each experiment's own. Nothing writes such verdicts any more.
"""

from __future__ import annotations

from typing import Any

from mia_kit.runs.evidence import read_record
from mia_kit.runs.places import evidence_folder
from mia_kit.runs.table import SUFFIX


def read_evidence(name: str) -> dict[str, Any]:
    """One evidence file of the first house. FileNotFoundError or ValueError say how to make it again."""
    record = read_record(name)
    results = record.get("results")
    claims = results.get("claims", {}) if isinstance(results, dict) else None
    if not isinstance(claims, dict) or not all(isinstance(row, dict) and "verdict" in row for row in claims.values()):
        words = f"{name}.json is damaged (it holds no results by name)"
        raise ValueError(f"{words}: measure it again with: mia-kit run {name}")
    return record


def verdicts_in_words(name: str) -> str:
    """What an evidence file says of each claim, a paragraph each; one sentence if it was not measured."""
    try:
        claims = read_evidence(name)["results"].get("claims", {})
    except FileNotFoundError:
        again = f"Measure it with: mia-kit run {name}"
        return f"{name} has not been run to its end yet: its claims stand as not run. {again}"
    lines = []
    for claim, row in claims.items():
        told = [f"  {text}" for size, text in row.items() if size not in ("verdict", "link")]
        lines += [f"claim {claim}: {row['verdict']}", *told]
    return "\n".join(lines)


def first_words() -> dict[str, str]:
    """The word of each claim in the old evidence: "reproduced" where every file that speaks of it says so."""
    words: dict[str, list[str]] = {}
    paths = [path for path in evidence_folder().glob("*.json") if not path.with_suffix(SUFFIX).exists()]
    for path in sorted(paths):
        for claim, row in read_evidence(path.stem)["results"].get("claims", {}).items():
            words.setdefault(claim, []).append(row["verdict"])
    return {claim: "reproduced" if set(said) == {"reproduced"} else "not reproduced" for claim, said in words.items()}
