"""What must hold before a contrast is worth a verdict. Each check gives None, or what failed with its number.

margin : a negative factor was delivered: the mean margin of the training photographs is at least 2 times that of hard
    labels, as a ratio of means
start, placebo : the undefended attack leaks more than its best start, and than the same attack on a target that never
    saw the person: the 95 % interval of the difference leaves 0 out
floor : the 95 % interval of the undefended attack does not touch the placebo's
ceiling : neither the undefended attack nor its start is above 95 % of the oracle
useful, rival : the treated target's accuracy, or the baseline's, is at most 10 points below the undefended one's

A measure that falls as leakage rises, such as a distance, has its ceiling at 95 % of the way from placebo to oracle.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from msgspec import structs

from mia_kit.runs import compare
from mia_kit.runs.contrasts import Cell, Contrast, estimate_of, fitted
from mia_kit.runs.table import select

LEAST_MARGIN_RATIO = 2.0
CEILING = 0.95
USEFUL = 0.10
ROUNDED = 1e-12  # an end of an interval that only the rounding of a sum keeps from 0 is 0
# Measures that fall as leakage rises.
FALLING = ("distance", "rank", "identity_rank", "latent_rank", "latent_angle", "error")


def failed(contrast: Contrast, table: pd.DataFrame) -> str | None:
    """The first precondition that fails, with its number; None if all hold. NoRowsError if rows are missing."""
    for condition in contrast.preconditions or []:
        reason = _unmet(condition, table) if isinstance(condition, Contrast) else CHECKS[condition](contrast, table)
        if reason is not None:
            return reason
    return None


def beyond_zero(low: float, high: float, sign: int) -> bool:
    """Whether an interval leaves 0 out on the side of the sign."""
    return low > ROUNDED if sign > 0 else high < -ROUNDED


def matched(contrast: Contrast, table: pd.DataFrame) -> tuple[Contrast, str | None]:
    """The contrast with the baseline's strength chosen as `match` says, and why that fails, or None."""
    if contrast.match is None or contrast.baseline is None:
        return contrast, None
    measure, (treated, baseline) = contrast.match.measure, contrast.cells[:2]
    goal = _beside(table, treated, measure=measure)["value"].mean()
    rows = _beside(table, baseline, measure=measure)
    gaps = (rows.groupby("strength", observed=True)["value"].mean() - goal).abs()
    nearest, gap = float(gaps.idxmin()), float(gaps.min())
    if gap > contrast.match.within:
        words = f"no strength has the {measure} of what is compared: the nearest, {nearest:g}, is {gap:.3f} away"
        return contrast, f"{words}, more than {contrast.match.within:g}"
    return structs.replace(contrast, baseline=contrast.baseline | {"strength": nearest}, match=None), None


def _margin(contrast: Contrast, table: pd.DataFrame) -> str | None:
    for cell in contrast.cells:
        factor = cell.get("strength")
        if cell.get("defence", "smoothing") != "smoothing" or not isinstance(factor, float | int) or factor >= 0:
            continue
        here = _beside(table, cell, measure="margin", strength=factor)
        hard = _beside(table, cell, measure="margin", **contrast.undefended)
        ratio = float(here["value"].mean() / hard["value"].mean())
        if not ratio >= LEAST_MARGIN_RATIO:
            words = f"the margin at {factor:+g} is {ratio:.2f} times that of hard labels"
            return f"{words}, less than {LEAST_MARGIN_RATIO:g}"
    return None


def _beats(contrast: Contrast, table: pd.DataFrame, *, control: str, words: str) -> str | None:
    attack, other = _undefended(contrast, table), _control(contrast, table, control)
    gap = compare.paired([attack, other], np.subtract)
    if beyond_zero(gap.low, gap.high, _leaks(contrast)):
        return None
    return f"the undefended attack does not beat {words}: difference of {contrast.measure} {gap}"


def _floor(contrast: Contrast, table: pd.DataFrame) -> str | None:
    attack, placebo = (_level(rows) for rows in (_undefended(contrast, table), _control(contrast, table, "placebo")))
    if attack.low > placebo.high if _leaks(contrast) > 0 else attack.high < placebo.low:
        return None
    return f"floor: the undefended attack's {contrast.measure} {attack} touches the placebo's {placebo}"


def _ceiling(contrast: Contrast, table: pd.DataFrame) -> str | None:
    oracle = _level(_control(contrast, table, "oracle")).estimate
    floor = 0.0 if _leaks(contrast) > 0 else _level(_control(contrast, table, "placebo")).estimate
    for name, rows in (("start", _control(contrast, table, "start")), ("end", _undefended(contrast, table))):
        value = _level(rows).estimate
        if oracle == floor or (value - floor) / (oracle - floor) > CEILING:
            return (
                f"ceiling: the undefended attack's {name} has a {contrast.measure} of {value:.3g}, "
                f"above {CEILING:.0%} of the way to the oracle's {oracle:.3g}"
            )
    return None


def _useful(contrast: Contrast, table: pd.DataFrame, *, place: int, who: str) -> str | None:
    """Whether the treated or the baseline, by its place among the contrast's cells, still knows its people."""
    cell = contrast.cells[place]
    here, bare = (_beside(table, where, measure="accuracy") for where in (cell, {**cell, **contrast.undefended}))
    lost = float(bare["value"].mean() - here["value"].mean())
    words = f"the {who} is useless: it loses {lost:.3f} of accuracy, more than {USEFUL:g}"
    return None if lost <= USEFUL else words


CHECKS: dict[str, Callable[[Contrast, pd.DataFrame], str | None]] = {
    "margin": _margin,
    "start": partial(_beats, control="start", words="its start"),
    "placebo": partial(_beats, control="placebo", words="the placebo"),
    "floor": _floor,
    "ceiling": _ceiling,
    "useful": partial(_useful, place=0, who="target"),
    "rival": partial(_useful, place=1, who="rival"),
}


def _unmet(condition: Contrast, table: pd.DataFrame) -> str | None:
    estimate = estimate_of(fitted(condition, table), table)
    if beyond_zero(estimate.low, estimate.high, condition.sign):
        return None
    return f"{condition.name}: not so, {condition.quantity} {estimate}"


def _leaks(contrast: Contrast) -> int:
    return -1 if contrast.measure in FALLING else 1


def _undefended_cell(contrast: Contrast) -> Cell:
    return {**contrast.cells[0 if contrast.reference is not None else 1], **contrast.undefended}


def _undefended(contrast: Contrast, table: pd.DataFrame) -> pd.DataFrame:
    return select(table, **{**_undefended_cell(contrast), "measure": contrast.measure})


def _control(contrast: Contrast, table: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows of a control. One that was not run with the attack's loss stands in with the loss that leaks most."""
    cell = _undefended_cell(contrast)
    loss = cell.pop("loss", None)
    rows = _beside(table, cell, **contrast.controls.get(name, {"attack": name}), measure=contrast.measure)
    if "loss" not in rows or rows["loss"].nunique() < 2:
        return rows
    if loss not in set(rows["loss"]):
        leaks = rows.groupby("loss", observed=True)["value"].mean() * _leaks(contrast)
        loss = str(leaks.idxmax())
    return select(rows, loss=loss)


def _beside(table: pd.DataFrame, cell: Cell, **given: object) -> pd.DataFrame:
    """Rows that go with a selection, such as its margin or its placebo: alike in every column that tells them apart."""
    rows = select(table, **given)
    for column, value in cell.items():
        if column not in given and rows[column].nunique() > 1:
            rows = select(rows, **{column: value})
    return rows


def _level(rows: pd.DataFrame) -> compare.Estimate:
    return compare.paired([rows], lambda mean: mean)
