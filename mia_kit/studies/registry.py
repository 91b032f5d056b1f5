"""From the name of a recipe to its evidence: read it whole, make its cells, write the table seed by seed.

A study is a folder with two modules: `recipe` has the type `Recipe`, and `cells` a function of it that gives the cells.
A recipe is typed before anything heavy is imported, so that a mistake is told at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mia_kit import check
from mia_kit.runs.recipe import RecipeError, Settings, read_yaml, typed

if TYPE_CHECKING:
    from mia_kit.runs.cells import Cell
    from mia_kit.runs.store import Store

STUDIES = ("data_centric", "embedding", "inversion", "membership", "poisoning", "priors", "toy")
FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Named:
    """A recipe with its name; `shipped` is the course's recipe of that name, None if there is none."""

    name: str
    recipe: Settings
    shipped: Settings | None

    @property
    def study(self) -> str:
        """Which study it is of."""
        return str(self.recipe.study)  # type: ignore[attr-defined]

    def cells(self) -> list[Cell]:
        """What it measures, seed by seed. RecipeError where types alone did not show that something cannot be."""
        cells: Iterator[Cell] = import_module(f"mia_kit.studies.{self.study}.cells").cells(self.recipe)
        try:
            return list(cells)
        except ValueError as problem:
            raise RecipeError(f"{self.name}: {problem}") from problem


def recipes() -> dict[str, Path]:
    """The recipes that ship with the course, by name."""
    return {path.stem: path for path in sorted(FOLDER.glob("*/recipes/*.yaml"))}


def read_recipe(name: str) -> Named:
    """A recipe by the name of one that ships with the course, or by the path of a YAML file.

    RecipeError, a ValueError, says in a sentence what is wrong, where, and what may be meant.
    """
    shipped = recipes()
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        if name not in shipped:
            proposal = check.did_you_mean(name, shipped)
            raise RecipeError(f"there is no recipe {name!r}; there are {', '.join(shipped)}{proposal}")
        path = shipped[name]
    ours = shipped.get(path.stem)
    return Named(path.stem, _typed(path), _typed(ours) if ours else None)


def measure(
    named: Named,
    store: Store,
    *,
    add: bool = False,
    workers: int = 1,
    scheduler: str | None = None,
    progress: bool = True,
) -> Path:
    """Make all cells and write the evidence, anew after each seed. Returns the path of the table.

    A seed's rows take the place of those that an earlier run of the same recipe left; the other seeds' stay. With
    `add` the seeds that are there are not measured again.
    `workers` and `scheduler` as in `mia_kit.runs.run.helped`. OSError if evidence cannot be written, before anything is
    measured.
    """
    import pandas as pd

    from mia_kit.data.folders import check_output
    from mia_kit.runs.circumstances import circumstances
    from mia_kit.runs.evidence import earlier_seeds, folder_for, write_evidence
    from mia_kit.runs.parts import with_inputs
    from mia_kit.runs.run import Maker, helped, walk
    from mia_kit.runs.table import SUFFIX, tidy

    folder = folder_for(named.recipe, named.shipped)
    check_output(folder / f"{named.name}.json", "set MIA_KIT_EVIDENCE to a folder of your own.")
    check_output(store.root / "new", "set XDG_CACHE_HOME to a folder of your own.")
    cells = named.cells()
    versions = {part.kind: part.version for part in with_inputs(cells)}
    known = earlier_seeds(folder, named.name, named.recipe, versions)  # rows and circumstances by seed
    if add:
        cells = [cell for cell in cells if cell.seed not in known]
    maker, recipe = Maker(store, progress=False), msgspec.to_builtins(named.recipe)
    counted: set[str] = set()  # parts that several seeds use count once
    path = folder / f"{named.name}{SUFFIX}"
    with helped(cells, store, workers=workers, scheduler=scheduler):
        for seed in dict.fromkeys(cell.seed for cell in cells):
            finished = [cell for cell in cells if cell.seed == seed]
            walk(finished, store, progress=progress)
            parts = {part.key: part for part in with_inputs(finished) if part.key not in counted}
            counted |= parts.keys()
            spent: dict[str, float] = {}
            for part in parts.values():
                spent[part.label] = round(spent.get(part.label, 0.0) + maker.seconds(part), 1)
            rows = pd.concat([maker(cell) for cell in finished], ignore_index=True)
            known[seed] = rows, circumstances(sum(spent.values())) | {"seconds_by": spent}
            table = tidy(pd.concat([known[seed][0].astype(object) for seed in sorted(known)], ignore_index=True))
            about = {seed: about for seed, (_, about) in known.items()}
            path = write_evidence(folder, named.name, table, recipe, about, versions)
    return path


def _typed(path: Path) -> Settings:
    content = read_yaml(path)
    study = content.get("study")
    if study not in STUDIES:
        proposal = check.did_you_mean(study, STUDIES)
        raise RecipeError(f"{path}: study must be one of {', '.join(STUDIES)}, got {study!r} instead{proposal}")
    kind: type[Settings] = import_module(f"mia_kit.studies.{study}.recipe").Recipe
    return typed(content, kind, where=str(path))
