"""Cells: the parts whose results are rows of the tidy table, such as all measures of one attack on one target."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mia_kit.runs.parts import Made, Part
from mia_kit.runs.store import Values

Columns = dict[str, str | float]  # what all rows of a cell have in common


class Rows:
    """Collects the measures of a cell: numbers by unit, or one number of the whole.

    A unit is the number of a person or class; steps are those of an attack. None where a row has no such thing.
    """

    def __init__(self) -> None:
        self._rows: list[tuple[str, float, float, float]] = []  # measure, unit, steps, value

    def add(self, measure: str, value: Any, *, units: Any = None, steps: int | None = None) -> None:
        """Add one value, or one for each of `units`, an array of the same length."""
        of_units = [np.nan] if units is None else np.asarray(units, dtype=float)
        values, step = np.atleast_1d(np.asarray(value, dtype=float)), np.nan if steps is None else float(steps)
        self._rows += [(measure, unit, step, each) for unit, each in zip(of_units, values, strict=True)]

    def kept(self) -> Values:
        """For the store."""
        measures, unit, steps, value = zip(*self._rows, strict=True)
        names, places = np.unique(measures, return_inverse=True)
        arrays = {"unit": np.array(unit), "steps": np.array(steps), "value": np.array(value)}
        return {"names": names.tolist(), "measure": places.astype(np.int16), **arrays}


class Cell(Part[pd.DataFrame]):
    """A part whose result is rows. `columns` says what all its rows have in common, such as defence and loss."""

    seed: int

    def columns(self) -> Columns:
        """Names and values of the columns that are the same in all rows."""
        raise NotImplementedError

    def fill(self, rows: Rows, made: Made) -> None:
        """Add all measures; `made(part)` gives the result of an input."""
        raise NotImplementedError

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        rows = Rows()
        self.fill(rows, made)
        return rows.kept()

    def unpack(self, values: Values) -> pd.DataFrame:
        """The rows as a table of the shared columns, steps, unit, measure and value."""
        measures = [values["names"][place] for place in values["measure"]]
        rows = {"steps": values["steps"], "unit": values["unit"], "measure": measures, "value": values["value"]}
        return pd.DataFrame({name: [value] * len(measures) for name, value in self.columns().items()} | rows)
