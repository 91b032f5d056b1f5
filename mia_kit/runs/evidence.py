"""Evidence: the table of what a recipe measured, and beside it all that is needed to measure it again.

    <folder>/<name>.csv.gz     the tidy table
    <folder>/<name>.json       recipe, command, versions, device, seconds and date, in all and by seed; its digest

The course's own evidence lies in `notebooks/evidence/` (in an installed package: `mia_kit/evidence/`). Only a recipe
that ships with the course is measured into it; what a user's own recipe gives goes to `my_evidence/`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

from mia_kit.data.archives import sha256_of
from mia_kit.data.folders import read_json, write_whole
from mia_kit.runs import table as tables
from mia_kit.runs.circumstances import circumstances
from mia_kit.runs.places import evidence_folder
from mia_kit.runs.recipe import Settings, typed

USERS_FOLDER = "my_evidence"  # below the folder in which the command is given


def folder_for(recipe: Any, shipped: Any) -> Path:
    """Where what a recipe gives is written, so that the course's evidence is never that of another recipe.

    shipped : the recipe of the same name that ships with the course, None if there is none
    """
    if os.environ.get("MIA_KIT_EVIDENCE") or (shipped is not None and recipe == shipped):
        return evidence_folder()
    return Path.cwd() / USERS_FOLDER


def write_evidence(
    folder: Path,
    name: str,
    table: pd.DataFrame,
    recipe: Mapping[str, Any],
    measured: Mapping[int, Mapping[str, Any]],
    versions: Mapping[str, int],
) -> Path:
    """Write a table with its circumstances, each whole or not at all, and return the table's path.

    recipe : in plain values
    measured : `circumstances` of each seed; the seconds are those of every process
    versions : of the code of each kind of part

    ValueError if the table is over its size (`mia_kit.runs.table.write`); what was there before stays.
    """
    path = folder / f"{name}{tables.SUFFIX}"
    tables.write(path, table)
    record: dict[str, Any] = {"name": name, "command": f"mia-kit run {name}", "recipe": dict(recipe)}
    record |= circumstances(sum(about["seconds"] for about in measured.values()))
    record |= {"seeds": {str(seed): dict(about) for seed, about in sorted(measured.items())}}
    record |= {"parts": dict(versions), "rows": len(table), "sha256": sha256_of(path)}
    write_whole(folder / f"{name}.json", (json.dumps(record, indent=1) + "\n").encode())
    return path


def earlier_seeds(
    folder: Path, name: str, recipe: Settings, versions: Mapping[str, int]
) -> dict[int, tuple[pd.DataFrame, dict[str, Any]]]:
    """Rows and circumstances of each seed that stands in a folder's evidence and that the recipe asks for.

    Empty if there is none, or if it comes from another recipe (its seeds apart) or from other versions of the code.
    """
    try:
        table = tables.read(folder / f"{name}{tables.SUFFIX}")
        record = read_json(folder / f"{name}.json", "")
        before, parts, each = typed(record["recipe"], type(recipe), where=name), record["parts"], record["seeds"]
        seeds: list[int] = recipe.seeds  # type: ignore[attr-defined]  # every recipe has seeds
    except (OSError, ValueError, LookupError, TypeError):
        return {}
    if parts != dict(versions) or msgspec.structs.replace(before, seeds=seeds) != recipe:
        return {}
    return {seed: (table[table["seed"] == seed], each[str(seed)]) for seed in set(table["seed"]) & set(seeds)}


def read_table(name: str) -> pd.DataFrame:
    """The table of a recipe's evidence. FileNotFoundError or ValueError say how to make it again."""
    path, again = evidence_folder() / f"{name}{tables.SUFFIX}", f"measure it with: mia-kit run {name}"
    try:
        table = tables.read(path)
    except (FileNotFoundError, ValueError) as problem:
        raise type(problem)(f"{problem}; {again}") from problem
    if read_record(name).get("sha256") != sha256_of(path):
        raise ValueError(f"{path} is not the table that {name}.json tells of; {again}")
    return table


def read_record(name: str) -> dict[str, Any]:
    """What stands beside the table: recipe and circumstances. FileNotFoundError or ValueError in a sentence."""
    path, again = evidence_folder() / f"{name}.json", f"measure it again with: mia-kit run {name}"
    try:
        record = read_json(path, again)
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no evidence at {path}; measure it with: mia-kit run {name}") from None
    if not isinstance(record, dict):
        raise ValueError(f"{path} is damaged (it holds no record): {again}")
    return record


def time_taken(name: str) -> str:
    """How long a seed of a recipe's evidence took, and on what; "" if it was not measured."""
    try:
        record = read_record(name)
    except (FileNotFoundError, ValueError):
        return ""
    seconds = [about["seconds"] for about in record.get("seeds", {}).values()]
    if not seconds:
        return ""
    minutes = sum(seconds) / len(seconds) / 60
    return f"{minutes:.0f} minutes of one core a seed, {len(seconds)} seeds on {record['device']}"


def seconds_by(name: str) -> pd.Series:
    """Seconds that each kind of part took in a seed of a recipe's evidence: the mean over the seeds that say so.

    By the clock, so that what else the machine did counts as well. A part that several seeds share counts where it was
    made. FileNotFoundError or ValueError as from `read_record`.
    """
    spent = [about["seconds_by"] for about in read_record(name).get("seeds", {}).values() if "seconds_by" in about]
    return pd.DataFrame(spent, dtype=float).mean()


def stored_tables(names: set[str]) -> dict[str, pd.DataFrame]:
    """The tables of these names that were measured, by name."""
    measured = (name for name in sorted(names) if (evidence_folder() / f"{name}{tables.SUFFIX}").is_file())
    return {name: read_table(name) for name in measured}
