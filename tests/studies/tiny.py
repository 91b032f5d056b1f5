"""Whole recipes at toy size: their tables, and what the claims say of them."""

from pathlib import Path

import pandas as pd
import pytest

from mia_kit.runs.claims import Part, judge, read_claims
from mia_kit.runs.evidence import read_record, read_table
from mia_kit.runs.store import Store
from mia_kit.runs.table import tidy
from mia_kit.studies.registry import measure, read_recipe


def measured(recipe: Path, folder: Path) -> pd.DataFrame:
    """The table of a recipe, which measured twice is the same to the byte."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIA_KIT_EVIDENCE", str(folder / "evidence"))
        paths = [measure(read_recipe(str(recipe)), Store(folder / "store"), progress=False) for _ in range(2)]
        first = paths[0].read_bytes()
        assert paths[0].name == f"{recipe.stem}.csv.gz" and paths[1].read_bytes() == first
        for about in read_record(recipe.stem)["seeds"].values():
            assert sum(about["seconds_by"].values()) == pytest.approx(about["seconds"], abs=0.1)
        return read_table(recipe.stem)


def answers(name: str, table: pd.DataFrame) -> dict[str, list[Part]]:
    """What each claim says of a table in the place of the table `name`, as if three seeds had given it."""
    plain = table.astype({column: object for column in table.select_dtypes("category")})
    seeds = tidy(pd.concat([plain.assign(seed=seed) for seed in (1, 2, 3)], ignore_index=True))
    verdicts = [(claim.id, verdict) for claim in read_claims() for verdict in judge(claim, {name: seeds})]
    parts: dict[str, list[Part]] = {}
    for claim, verdict in verdicts:
        if verdict.table == name:
            parts.setdefault(claim, []).extend(verdict.parts)
    return parts
