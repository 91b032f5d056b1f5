"""The table of claims: what the four papers found, what we measured, and a verdict for each.

`claims.yaml` lists the findings. Evidence files carry our figures and verdicts; a claim that none of them mentions has
not been run. The README's copy of the table is written by `mia-kit claims --readme` and tested to be current.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import yaml

from mia_kit.experiments.evidence import evidence_folder, read_evidence

BEGIN, END = "<!-- claims:begin -->", "<!-- claims:end -->"
SIZES = ("quick", "course", "full")


@dataclass(frozen=True)
class Claim:
    """One finding; `ours` maps a size (quick, course, full) to our figure with its interval and seeds."""

    id: str
    claim: str
    paper: str
    chapters: str
    ours: dict[str, str]
    verdict: str
    link: str


def read_claims() -> list[Claim]:
    """All claims in the papers' order, joined with the evidence that is there."""
    text = (resources.files("mia_kit.experiments") / "claims.yaml").read_text(encoding="utf-8")
    measured = _measured()
    claims = []
    for row in yaml.safe_load(text):
        found = measured.get(row["id"], {})
        ours = {size: found[size] for size in SIZES if size in found}
        claims.append(Claim(**row, ours=ours, verdict=found.get("verdict", "not run"), link=found.get("link", "")))
    return claims


def _measured() -> dict[str, dict[str, str]]:
    measured: dict[str, dict[str, str]] = {}
    for path in sorted(evidence_folder().glob("*.json")):
        for claim, found in read_evidence(path.stem)["results"].get("claims", {}).items():
            measured[claim] = joined(measured.get(claim, {}), found)
    return measured


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
    return "\n".join(lines)


def as_markdown(claims: list[Claim]) -> str:
    """The table for the README: the claims that were measured, then a count of those that were not."""
    lines = ["| claim | paper | ours | verdict |", "|---|---|---|---|"]
    for claim in claims:
        if not claim.ours:
            continue
        ours = "<br>".join(f"{size}: {figure}" for size, figure in claim.ours.items())
        verdict = f"[{claim.verdict}]({claim.link})" if claim.link else claim.verdict
        lines.append(f"| **{claim.id}** {claim.claim} | {claim.paper} | {ours} | {verdict} |")
    waiting = [claim.id for claim in claims if not claim.ours]
    lines += ["", f"Not run yet ({len(waiting)}): {', '.join(waiting)}. `mia-kit claims` lists them all."]
    return "\n".join(lines)


def update_readme(readme: Path) -> None:
    """Rewrite the table between the README's two markers. ValueError if they are not there."""
    text = readme.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"{readme} must hold the lines {BEGIN} and {END} once each")
    head, tail = text.split(BEGIN)[0], text.split(END)[1]
    readme.write_text(f"{head}{BEGIN}\n{as_markdown(read_claims())}\n{END}{tail}", encoding="utf-8")
