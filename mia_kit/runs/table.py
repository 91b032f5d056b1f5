"""The tidy table: every study ends in one, with a row for each unit x cell x measure.

    study, world, seed, defence, strength, per_class, attack, loss, steps, ..., unit, measure, value

Every recipe field that varies in a study is a column. `unit` is a person or a class, and empty for a measure of a whole
model (accuracy, an AUC). The file is CSV in gzip: `pd.read_csv` opens it. `read` also fixes the dtypes: counts are
whole numbers that may be missing, names are categories, all else is a number.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mia_kit import check
from mia_kit.data.folders import write_whole

REQUIRED = ("study", "world", "seed", "unit", "measure", "value")
NAMES = ("study", "world", "defence", "attack", "loss", "optimiser", "measure")
COUNTS = ("seed", "per_class", "epochs", "steps", "unit")
NUMBERS = ("strength", "learning_rate", "temperature", "dose", "value")
DIGITS = 6  # significant digits of a value
LARGEST = 2_000_000  # bytes of a file
SUFFIX = ".csv.gz"

Where = Mapping[str, Any]  # column -> value, None for a missing one, or a list of values of which any will do


class NoRowsError(ValueError):
    """The table has no such rows."""


def tidy(rows: Iterable[Mapping[str, Any]] | pd.DataFrame) -> pd.DataFrame:
    """A table with its dtypes fixed and its rows in one order, from rows as mappings or from another frame.

    ValueError if a required column or an entry that every row needs is missing, a column holds what does not fit it, or
    two rows differ in their value alone.
    """
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    if missing := [name for name in REQUIRED if name not in frame]:
        raise ValueError(f"a table must have the columns {', '.join(REQUIRED)}, got none named {', '.join(missing)}")
    inner = [name for name in frame if name not in ("unit", "measure", "value")]
    frame = pd.DataFrame({name: _typed(frame[name]) for name in [*inner, "unit", "measure", "value"]})
    for name in ("seed", "measure", "value"):
        if frame[name].isna().any():
            raise ValueError(f"the column {name} must be filled in every row, got {frame[name].isna().sum()} gaps")
    keys = [name for name in frame if name != "value"]
    if (twice := frame.duplicated(keys)).any():
        row = frame[twice].iloc[0]
        raise ValueError(f"every row must differ in more than its value, got this one twice: {_told(row[keys])}")
    order = ["measure", *(name for name in keys if name != "measure")]  # what is alike lies together and packs small
    return frame.sort_values(order, kind="stable", na_position="first", ignore_index=True)


def select(table: pd.DataFrame, **where: Any) -> pd.DataFrame:
    """The rows that have these values. A list means any of its values, None a missing one.

    Numbers are equal if they differ by rounding alone. NoRowsError for an unknown column, a value that does not occur,
    or values that never occur together.
    """
    mask = np.ones(len(table), dtype=bool)
    for column, wanted in where.items():
        if column not in table:
            known, hint = ", ".join(table.columns), check.did_you_mean(column, table.columns)
            raise NoRowsError(f"a column must be one of {known}, got {column!r} instead{hint}")
        values = wanted if isinstance(wanted, list | tuple) else [wanted]
        masks = [_equal(table[column], value) for value in values]
        for value, there in zip(values, masks, strict=True):
            if not there.any():
                raise NoRowsError(_absent(table[column], value))
        mask &= np.logical_or.reduce(masks)
    if not mask.any():
        raise NoRowsError(f"the table has no row with {_told(where)} together")
    return table[mask]


def write(path: Path, table: pd.DataFrame) -> None:
    """Write a table whole or not at all; the same rows give the same bytes. ValueError if they would be over 2 MB."""
    text = tidy(table).to_csv(index=False, float_format=f"%.{DIGITS}g", lineterminator="\n")
    content = gzip.compress(text.encode(), mtime=0)
    if len(content) > LARGEST:
        raise ValueError(
            f"a table must stay under {LARGEST / 1e6:g} MB, got {len(content) / 1e6:.1f} MB of {len(table)} rows for "
            f"{path.name}: sum up by seed what has many units"
        )
    write_whole(path, content)


def read(path: Path) -> pd.DataFrame:
    """A table as `write` left it, with its dtypes. FileNotFoundError if there is none, ValueError if it is damaged."""
    try:
        return tidy(pd.read_csv(path, keep_default_na=False, na_values=[""]))
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no table at {path}") from None
    except (OSError, EOFError, ValueError, zlib.error) as problem:  # pandas' own errors are kinds of ValueError
        first = (str(problem).splitlines() or [type(problem).__name__])[0]
        raise ValueError(f"{path} is damaged or no table of a study ({first})") from problem


def _typed(column: pd.Series) -> pd.Series:
    """A column with the dtype of its name; other names are numbers where all that they hold are."""
    name = str(column.name)
    try:
        if name in COUNTS:
            return pd.to_numeric(column).astype("Int64")
        if name in NUMBERS or (name not in NAMES and column.notna().any()):
            return pd.to_numeric(column).astype("float64")
    except (ValueError, TypeError) as problem:
        if name in (*COUNTS, *NUMBERS):
            kind = "whole numbers" if name in COUNTS else "numbers"
            raise ValueError(f"the column {name} must hold {kind}, got {_example(column)} instead") from problem
    words = column.astype(object).where(column.notna(), None)
    return words.map(lambda word: None if word is None or word == "" else str(word)).astype("category")


def _example(column: pd.Series) -> str:
    numbers = pd.to_numeric(column, errors="coerce")
    wrong = numbers.isna() & column.notna() | ((numbers % 1 != 0) & numbers.notna() & (column.name in COUNTS))
    return check.brief(column[wrong].tolist()[0]) if wrong.any() else str(column.dtype)


def _equal(column: pd.Series, value: Any) -> np.ndarray:
    """Where a column has a value: a boolean array of shape (rows,)."""
    if value is None:
        return column.isna().to_numpy()
    if isinstance(column.dtype, pd.CategoricalDtype):
        place = column.cat.categories.get_indexer([value])[0]
        return column.cat.codes.to_numpy() == (place if place >= 0 else len(column.cat.categories))
    if isinstance(value, str):  # words of a table that is not tidy yet
        return column.eq(value).to_numpy(dtype=bool, na_value=False)
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        return np.zeros(len(column), dtype=bool)
    numbers = column.to_numpy(dtype=float, na_value=np.nan)
    wanted = float(value)
    return np.abs(numbers - wanted) <= 1e-9 * abs(wanted) + 1e-12


def _absent(column: pd.Series, value: Any) -> str:
    there = sorted(column.dropna().unique().tolist())
    listed = ", ".join(f"{item:g}" if isinstance(item, float) else str(item) for item in there[:12])
    rest = f" and {len(there) - 12} more" if len(there) > 12 else ""
    hint = check.did_you_mean(value, there) if isinstance(value, str) else ""
    return f"{column.name} must be one of {listed or 'no value at all'}{rest}, got {check.brief(value)} instead{hint}"


def _told(where: Mapping[str, Any] | pd.Series) -> str:
    return ", ".join(f"{name}={value}" for name, value in where.items() if not (np.isscalar(value) and pd.isna(value)))
