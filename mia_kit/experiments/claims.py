"""The table of claims: what the four papers found, what we measured, and a verdict for each.

`claims.yaml` lists the findings. Evidence files carry our figures and verdicts; a claim that none of them mentions has
not been run. The README's copy of the table is written by `mia-kit claims --readme` and tested to be current.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import yaml

from mia_kit.data.folders import read_json
from mia_kit.experiments.evidence import evidence_folder, read_evidence

BEGIN, END = "<!-- claims:begin -->", "<!-- claims:end -->"
SIZES = ("quick", "course", "full")
SCOREBOARD = "13_claims.ipynb"  # prints every verdict: where a claim is shown is another chapter
VERDICT = re.compile(r"\b([SMPD]\d+): (?:not )?reproduced")


@dataclass(frozen=True)
class Claim:
    """One finding; `ours` maps a size (quick, course, full) to our figure with its interval and seeds.

    `link` leads from the README to the cell that prints the verdict, "" if there is none. `waiting` says which size is
    still to be run, why, and by which command; "" if nothing is.
    """

    id: str
    claim: str
    paper: str
    chapters: str
    ours: dict[str, str]
    verdict: str
    link: str
    waiting: str = ""


def read_claims(*, links: bool = True) -> list[Claim]:
    """All claims in the papers' order, joined with the evidence that is there; links take a look at every notebook."""
    text = (resources.files("mia_kit.experiments") / "claims.yaml").read_text(encoding="utf-8")
    measured, cells = _measured(), _cells() if links else {}
    claims = []
    for row in yaml.safe_load(text):
        found = measured.get(row["id"], {})
        ours = {size: found[size] for size in SIZES if size in found}
        link = cells.get(row["id"], "") if ours else ""
        claims.append(Claim(**row, ours=ours, verdict=found.get("verdict", "not run"), link=link))
    return claims


def _measured() -> dict[str, dict[str, str]]:
    measured: dict[str, dict[str, str]] = {}
    for path in sorted(evidence_folder().glob("*.json")):
        for claim, found in read_evidence(path.stem)["results"].get("claims", {}).items():
            measured[claim] = joined(measured.get(claim, {}), found)
    return measured


def _cells() -> dict[str, str]:
    """By claim the first cell of the executed notebooks that prints its verdict, as JupyterLab's links name a cell."""
    links: dict[str, str] = {}
    for path in sorted(evidence_folder().parent.glob("[0-9][0-9]_*.ipynb")):
        notebook = {} if path.name == SCOREBOARD else read_json(path, "write it again with: mia-kit notebooks")
        for cell in notebook.get("cells", []):
            printed = "".join("".join(output.get("text", "")) for output in cell.get("outputs", []))
            for found in VERDICT.finditer(printed):
                links.setdefault(found[1], f"notebooks/{path.name}#cell-id={cell['id']}")
    return links


def joined(known: dict[str, str], found: dict[str, str]) -> dict[str, str]:
    """What two evidence files say of one claim: measured twice at a size, it is reproduced if it is both times."""
    both = known | found
    twice = [size for size in SIZES if size in known and size in found]
    for size in twice:
        both[size] = f"{known[size]}; {found[size]}"
    if twice and "not reproduced" in (known["verdict"], found["verdict"]):
        both["verdict"] = "not reproduced"
    return both


def as_text(claims: list[Claim]) -> str:
    """The table for a terminal: a short paragraph for each claim."""
    lines = []
    for claim in claims:
        lines.append(f"{claim.id:4} {claim.verdict.upper()}: {claim.claim}")
        lines.append(f"     paper: {claim.paper}")
        lines += [f"     {size}: {figure}" for size, figure in claim.ours.items()]
        lines += [f"     {claim.waiting}"] * bool(claim.waiting)
    return "\n".join(lines)


def as_markdown(claims: list[Claim]) -> str:
    """The table for the README: the claims that were measured, then a count of those that were not."""
    lines = ["| claim | paper | ours | verdict |", "|---|---|---|---|"]
    for claim in claims:
        if not claim.ours:
            continue
        figures = [f"{size}: {figure}" for size, figure in claim.ours.items()]
        ours = "<br>".join(figures + [claim.waiting] * bool(claim.waiting))
        verdict = f"[{claim.verdict}]({claim.link})" if claim.link else claim.verdict
        lines.append(f"| **{claim.id}** {claim.claim} | {claim.paper} | {ours} | {verdict} |")
    waiting = [f"{claim.id} ({claim.waiting})" if claim.waiting else claim.id for claim in claims if not claim.ours]
    rest = (
        f"Not run yet ({len(waiting)}): {', '.join(waiting)}"
        if waiting
        else "Every claim has been measured at one size at least"
    )
    lines += ["", f"{rest}. `mia-kit claims` lists them all."]
    return "\n".join(lines)


def update_readme(readme: Path) -> None:
    """Rewrite the table between the README's two markers. ValueError if they are not there."""
    text = readme.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"{readme} must hold the lines {BEGIN} and {END} once each")
    head, tail = text.split(BEGIN)[0], text.split(END)[1]
    readme.write_text(f"{head}{BEGIN}\n{as_markdown(read_claims())}\n{END}{tail}", encoding="utf-8")
