"""The cells of the plane: what one seed's classifier of a factor gives away, from every start.

All seeds and factors are trained and attacked as one batch (`mia_kit.toy.grid`), which is one part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mia_kit.runs.cells import Cell, Columns, Rows
from mia_kit.runs.parts import Made, Part, Values
from mia_kit.studies.toy.recipe import Recipe
from mia_kit.toy import invert_grid, train_grid


@dataclass(frozen=True)
class Attacks(Part[Values]):
    """Distances, steps and whether the attack stopped, arrays of shape (factors, seeds, starts)."""

    recipe: Recipe

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        recipe = self.recipe
        grid = train_grid(recipe.smoothings, recipe.seeds, steps=recipe.steps, progress=progress)
        inversions = invert_grid(
            grid,
            recipe.starts,
            recipe.target_class,
            max_steps=recipe.max_steps,
            stop_confidence=recipe.stop_confidence,
            progress=progress,
        )
        measured = {"distance": inversions.distance, "steps": inversions.steps, "stopped": inversions.stopped}
        return {name: np.asarray(values) for name, values in measured.items()}

    def unpack(self, values: Values) -> Values:
        return values


@dataclass(frozen=True)
class PlaneCell(Cell):
    """One classifier: distance to the nearest training point and attack steps by start, a unit.

    distance_stopped, steps_stopped : the same of the attacks that reached their confidence
    """

    attacks: Attacks
    smoothing: float
    seed: int

    def columns(self) -> Columns:
        return {"study": "toy", "world": "plane", "defence": "smoothing", "strength": self.smoothing, "seed": self.seed}

    def fill(self, rows: Rows, made: Made) -> None:
        values, recipe = made(self.attacks), self.attacks.recipe
        place = recipe.smoothings.index(self.smoothing), recipe.seeds.index(self.seed)
        stopped = values["stopped"][place].astype(bool)
        units = np.arange(len(stopped))
        for measure in ("distance", "steps"):
            rows.add(measure, values[measure][place], units=units)
            rows.add(f"{measure}_stopped", values[measure][place][stopped], units=units[stopped])


def cells(recipe: Recipe) -> Iterator[Cell]:
    """A cell for each seed and factor."""
    for seed in recipe.seeds:
        for smoothing in recipe.smoothings:
            yield PlaneCell(Attacks(recipe), smoothing, seed)
