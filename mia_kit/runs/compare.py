"""Paired comparisons in a tidy table: a mean or a difference of means, with intervals over people and seeds.

People and seeds are two kinds of chance. An interval that resamples one of them says nothing of the other, so both
margins are resampled, crossed: the bootstrap of Owen (2007), "The pigeonhole bootstrap". With few seeds it is too
narrow where seeds differ much, and Student's interval over the seeds' means is too narrow where people differ much.
The wider of the two is given. In the simulated tables of `tests/runs/simulate_coverage.py` the 95 % interval of the
bootstrap alone holds the truth in 88 to 99.7 %, Student's in 80 to 95 %, the wider in 95 to 99.7 %.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce

import numpy as np
import pandas as pd

from mia_kit.runs.table import NoRowsError, Where, select

RESAMPLES = 2000
POWER = 2.8  # standard errors: a difference of this size is seen in 80 % of all studies

Combine = Callable[..., np.ndarray]  # the means of the cells, arrays of one shape, to what is compared


class BaselineError(ValueError):
    """A relative difference has nothing to relate to."""


@dataclass(frozen=True)
class Estimate:
    """What a table says of a mean or of a difference.

    low, high : ends of the 95 % interval
    low_90, high_90 : ends of the 90 % interval
    least_detectable : 2.8 standard errors, a standard error being the 95 % interval's width over 2 x 1.96, so that few
        seeds count
    units : people or classes; 0 for a measure of whole models
    seeds : trained models of each kind
    """

    estimate: float
    low: float
    high: float
    low_90: float
    high_90: float
    least_detectable: float
    units: int
    seeds: int

    def __str__(self) -> str:
        return f"{self.estimate:.3g} [{self.low:.3g}, {self.high:.3g}]"


def difference(
    table: pd.DataFrame, *, measure: str, treated: Where, baseline: Where, where: Where | None = None
) -> Estimate:
    """Mean of the treated rows less that of the baseline, over the same people and seeds.

    treated, baseline, where : column -> value (`mia_kit.runs.table.select`); `where` holds for both

    NoRowsError if one of them has no rows, or they share no person and seed. ValueError if a person stands twice in a
    seed, because a column is left open, or if there is one value alone.
    """
    shared = {"measure": measure, **(where or {})}
    return paired([select(table, **{**shared, **cell}) for cell in (treated, baseline)], np.subtract)


def intervals(
    table: pd.DataFrame, measure: str | list[str], by: Sequence[str], where: Where | None = None
) -> pd.DataFrame:
    """A row for each combination of the columns `by`: their values, then value, low and high (95 %), units and seeds.

    A value that stands alone, such as a measure of a whole model in a table of one seed, has no interval: NaN.
    """
    rows = []
    for keys, group in select(table, measure=measure, **(where or {})).groupby(list(by), sort=False, observed=True):
        if len(group) == 1:
            rows.append([*keys, group["value"].item(), np.nan, np.nan, int(group["unit"].notna().sum()), 1])
            continue
        mean = paired([group], lambda value: value)
        rows.append([*keys, mean.estimate, mean.low, mean.high, mean.units, mean.seeds])
    return pd.DataFrame(rows, columns=[*by, "value", "low", "high", "units", "seeds"])


def paired(
    rows: Sequence[pd.DataFrame], combine: Combine, *, median: bool = False, units_fixed: bool = False
) -> Estimate:
    """What `combine` makes of the means of several sets of rows, over the people and seeds that all of them have.

    Of several steps of an attack the last counts, unless `steps` are selected. Rows of whole models count only where a
    selection has no rows of people. One seed alone gives an interval over people; one unit alone, or `units_fixed`,
    Student's interval over seeds.

    rows : of tidy tables, each with a single measure
    combine : takes an array for each set of rows, all of one shape, and gives an array of that shape
    median : medians over units and seeds instead of means, and seeds alone are resampled; cells are not paired
    units_fixed : the units are no sample, such as starting points that were chosen: seeds alone are chance

    Raises as `difference` does, and BaselineError, a ValueError, if `combine` divides by 0.
    """
    matrices = [_matrix(selection) for selection in rows]
    if median:
        return _of_medians(matrices, combine)
    units, seeds = _shared(matrices)
    values = np.stack([matrix.reindex(index=units, columns=seeds).to_numpy(dtype=float) for matrix in matrices])
    present = ~np.isnan(values).any(axis=0)  # (units, seeds)
    values = np.where(present, values, 0.0)  # (cells, units, seeds)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = float(combine(*(values.sum(axis=(1, 2)) / present.sum())))
        by_seed = combine(*(values.sum(axis=1) / present.sum(axis=0)))  # (seeds,)
        draws = None if units_fixed or len(units) == 1 else combine(*_resampled(values, present))
    whole = list(units) == [WHOLE]
    return _estimate(estimate, by_seed, draws, units=0 if whole else len(units), seeds=len(seeds))


WHOLE = -1  # the unit of a measure of a whole model, inside of this file


def _matrix(rows: pd.DataFrame) -> pd.DataFrame:
    """The values of a selection by unit and seed, at the last of several steps."""
    if "steps" in rows and rows["steps"].nunique() > 1:
        rows = rows[rows["steps"] == rows["steps"].max()]
    if rows["unit"].notna().any():
        rows = rows[rows["unit"].notna()]
    keys = pd.DataFrame({"unit": rows["unit"].fillna(WHOLE).astype(int), "seed": rows["seed"].astype(int)})
    if (twice := keys.duplicated(keep=False)).any():
        columns = [name for name in rows if name not in ("unit", "seed", "value")]
        open_ = [name for name in columns if rows.loc[twice, name].nunique(dropna=False) > 1]
        raise ValueError(f"a unit must stand once in a seed, got several values: say which {' and '.join(open_)}")
    return keys.assign(value=rows["value"]).pivot(index="unit", columns="seed", values="value")


def _shared(matrices: Sequence[pd.DataFrame]) -> tuple[pd.Index, pd.Index]:
    """Units and seeds that stand in all matrices."""
    units = reduce(pd.Index.intersection, [matrix.index for matrix in matrices])
    seeds = reduce(pd.Index.intersection, [matrix.columns for matrix in matrices])
    complete = np.logical_and.reduce([matrix.reindex(index=units, columns=seeds).notna() for matrix in matrices])
    units, seeds = units[complete.any(axis=1)], seeds[complete.any(axis=0)]
    if not len(units):
        raise NoRowsError("what is compared must share people and seeds, got none in common")
    return units, seeds


@lru_cache(maxsize=8)
def _weights(units: int, seeds: int) -> tuple[np.ndarray, np.ndarray]:
    """How often each unit and each seed is drawn: arrays of shape (resamples, units) and (resamples, seeds)."""
    random = np.random.default_rng(0)
    of_units = random.multinomial(units, np.full(units, 1 / units), size=RESAMPLES)
    of_seeds = random.multinomial(seeds, np.full(seeds, 1 / seeds), size=RESAMPLES)
    return of_units.astype(float), of_seeds.astype(float)


def _resampled(values: np.ndarray, present: np.ndarray) -> list[np.ndarray]:
    """The mean of each cell in each resample that has a value at all: arrays of shape (resamples,)."""
    of_units, of_seeds = _weights(*present.shape)
    rows = ((of_units @ present) * of_seeds).sum(axis=1)  # how many values a resample has
    sums = [((of_units @ cell) * of_seeds).sum(axis=1) for cell in values]
    return [total[rows > 0] / rows[rows > 0] for total in sums]


def _of_medians(matrices: Sequence[pd.DataFrame], combine: Combine) -> Estimate:
    """As `paired`, for medians over all units and seeds, with whole seeds resampled."""
    seeds = reduce(pd.Index.intersection, [matrix.columns for matrix in matrices])
    if len(seeds) < 2:
        raise NoRowsError(f"medians must have at least 2 seeds in common, got {len(seeds)} instead")
    values = [matrix[seeds].to_numpy(dtype=float).T for matrix in matrices]  # (seeds, units)
    picks = np.random.default_rng(0).integers(len(seeds), size=(RESAMPLES, len(seeds)))
    draws = combine(*(np.nanmedian(cell[picks].reshape(RESAMPLES, -1), axis=1) for cell in values))
    units, estimate = max(map(len, matrices)), float(combine(*(np.nanmedian(cell) for cell in values)))
    return _estimate(estimate, None, draws, units=units, seeds=len(seeds))


def _estimate(
    estimate: float, by_seed: np.ndarray | None, draws: np.ndarray | None, *, units: int, seeds: int
) -> Estimate:
    """An estimate with its intervals, from values by seed and from resampled ones, of those that there are."""
    if not all(np.isfinite(values).all() for values in (estimate, by_seed, draws) if values is not None):
        raise BaselineError("a relative difference must have a baseline above 0, got one whose mean is 0 instead")
    (low, high), (low_90, high_90) = (_ends(by_seed, draws, confidence) for confidence in (0.95, 0.90))
    return Estimate(estimate, low, high, low_90, high_90, POWER * (high - low) / (2 * 1.96), units, seeds)


def _ends(by_seed: np.ndarray | None, draws: np.ndarray | None, confidence: float) -> tuple[float, float]:
    """The wider of Student's interval over seeds and the bootstrap's."""
    from scipy.stats import t

    candidates = []
    if by_seed is not None and len(by_seed) > 1:  # Student's, for the mean
        half = t.ppf((1 + confidence) / 2, len(by_seed) - 1) * by_seed.std(ddof=1) / np.sqrt(len(by_seed))
        candidates.append((float(by_seed.mean() - half), float(by_seed.mean() + half)))
    if draws is not None:
        low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2])
        candidates.append((float(low), float(high)))
    if not candidates:
        raise NoRowsError("an interval must come from at least 2 people or seeds, got one value instead")
    return max(candidates, key=lambda ends: ends[1] - ends[0])
