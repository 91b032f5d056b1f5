"""Evidence: what an experiment measured, with all that is needed to measure it again.

One small JSON file for each recipe in `notebooks/evidence/` (in an installed package: `mia_kit/evidence/`). An
experiment of the first house put its verdicts under `results["claims"]`, which nothing measures any more: they are read
until the last of these files is gone.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mia_kit.data.folders import check_output, read_json, write_whole
from mia_kit.runs.circumstances import circumstances
from mia_kit.runs.evidence import evidence_folder
from mia_kit.runs.table import SUFFIX


def check_place(name: str) -> None:
    """Whether evidence of this name can be written: asked before it is measured. OSError says which variable to set."""
    check_output(evidence_folder() / f"{name}.json", "set MIA_KIT_EVIDENCE to a folder of your own.")


def write_evidence(
    name: str, recipe: dict[str, Any], results: dict[str, Any], seconds: float, *, folder: Path | None = None
) -> Path:
    """Write what was measured just now as evidence, and return the file's path; `folder` as `write_measurement`."""
    return write_measurement(name, measurement(recipe, results, seconds), folder=folder)


def measurement(recipe: dict[str, Any], results: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Results with their recipe and the circumstances: all of an evidence file but its name."""
    return {"recipe": recipe, **circumstances(seconds), "results": results}


def write_measurement(name: str, measured: dict[str, Any], *, folder: Path | None = None) -> Path:
    """Write one evidence file whole or not at all, among the course's by default, and return its path."""
    record = {"name": name, "command": f"mia-kit run {name}", **measured}
    path = (folder or evidence_folder()) / f"{name}.json"
    write_whole(path, (json.dumps(record, indent=1) + "\n").encode())
    return path


def read_evidence(name: str) -> dict[str, Any]:
    """One evidence file. FileNotFoundError or ValueError say how to make it again."""
    path = evidence_folder() / f"{name}.json"
    again = f"measure it again with: mia-kit run {name}"
    try:
        record = read_json(path, again)
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no evidence at {path}; measure it with: mia-kit run {name}") from None
    results = record.get("results") if isinstance(record, dict) else None
    claims = results.get("claims", {}) if isinstance(results, dict) else None
    if not isinstance(claims, dict) or not all(isinstance(row, dict) and "verdict" in row for row in claims.values()):
        raise ValueError(f"{path} is damaged (it holds no results by name): {again}")
    return record


def verdicts_in_words(name: str) -> str:
    """What an evidence file says of each claim, a paragraph each; one sentence if it was not measured."""
    try:
        found = read_evidence(name)["results"].get("claims", {})
    except FileNotFoundError:
        return (
            f"{name} has not been run to its end yet: its claims stand as not run. Measure it with: mia-kit run {name}"
        )
    paragraphs = [
        f"claim {claim}: {row['verdict']}\n"
        + "\n".join(f"  {text}" for size, text in row.items() if size not in ("verdict", "link"))
        for claim, row in found.items()
    ]
    return "\n".join(paragraphs)


def first_house() -> dict[str, str]:
    """The word of each claim in the old evidence: "reproduced" where every file that speaks of it says so."""
    words: dict[str, list[str]] = {}
    paths = [path for path in evidence_folder().glob("*.json") if not path.with_suffix(SUFFIX).exists()]
    for path in sorted(paths):
        for claim, row in read_evidence(path.stem)["results"].get("claims", {}).items():
            words.setdefault(claim, []).append(row["verdict"])
    return {claim: "reproduced" if set(said) == {"reproduced"} else "not reproduced" for claim, said in words.items()}
