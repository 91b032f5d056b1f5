"""What a claim asks of a table: contrasts with the sign that the claim gives them, as `claims.yaml` writes them down.

    - id: S5
      claim: "inversion of faces: attack success positive > hard > negative"
      kind: finding                          # or no-difference, or question
      cases:                                 # one for each world: each gets a verdict of its own
        - world: drawn people
          table: smoothing_drawn
          measure: acc1
          at: {attack: ppa, loss: cross_entropy}         # holds for every selection of the case
          smallest_effect: 0.1
          preconditions: [margin, start, placebo, floor]
          contrasts:
            - {name: negative below hard, treated: {strength: -0.2}, baseline: {strength: 0}, claimed: below}

A contrast takes from its case what it does not say itself, and a case from its claim. A list in `at` or `treated`
stands for a contrast with each of its values.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from itertools import product
from typing import Literal

import msgspec
import numpy as np
import pandas as pd
from msgspec import UNSET, Struct, UnsetType

from mia_kit import check
from mia_kit.runs import compare
from mia_kit.runs.compare import Estimate

Value = str | float | int | None
Cell = dict[str, Value | list[Value]]
Kind = Literal["finding", "no-difference", "question"]
Side = Literal["above", "below"]
CONTROLS = ("start", "placebo", "oracle")
Word = Literal["margin", "start", "placebo", "floor", "ceiling", "useful", "rival"]


class Times(Struct, frozen=True, forbid_unknown_fields=True):
    """The same change elsewhere, taken off `times` over: `treated` less `baseline`."""

    treated: Cell
    baseline: Cell
    times: float = 1.0


class Match(Struct, frozen=True, forbid_unknown_fields=True):
    """The baseline's strength is the one whose mean `measure` is nearest to the treated's; it must lie `within`."""

    measure: str
    within: float


class Contrast(Struct, frozen=True, forbid_unknown_fields=True):
    """The treated less the baseline, or less a number, and what is claimed of it.

    less : the same change elsewhere, which is taken off
    relative : changes are relative to the baseline: -0.5 is half
    claimed : the treated lie "above" or "below" the baseline. Of a claim of no difference it names the only side that
        would speak against it: "above" for "does not help the attacker"
    smallest_effect : d, of the smallest effect of interest
    preconditions : words of `mia_kit.runs.preconditions`, or contrasts that must leave 0 out on the claimed side
    median : medians instead of means, over seeds alone; seeds_alone : units are no sample
    """

    treated: Cell
    name: str = ""
    baseline: Cell | None = None
    reference: float | None = None
    less: Times | None = None
    relative: bool = False
    claimed: Side | None = None
    kind: Kind | UnsetType = UNSET
    measure: str | UnsetType = UNSET
    smallest_effect: float | UnsetType = UNSET
    preconditions: list[Word | Contrast] | UnsetType = UNSET
    at: Cell = {}
    undefended: Cell = {}
    controls: dict[str, Cell] = {}
    median: bool = False
    seeds_alone: bool = False
    match: Match | None = None

    @property
    def cells(self) -> list[Cell]:
        """The selections that are compared: treated, baseline if there is one, then those of `less`."""
        shared: Cell = {"measure": str(self.measure), **self.at}
        others = [] if self.less is None else [self.less.treated, self.less.baseline]
        return [{**shared, **cell} for cell in (self.treated, self.baseline, *others) if cell is not None]

    @property
    def sign(self) -> int:
        """1 if the treated are claimed to lie above, -1 below, 0 if nothing is claimed."""
        return {"above": 1, "below": -1, None: 0}[self.claimed]


class Case(Struct, frozen=True, forbid_unknown_fields=True):
    """A claim in one world.

    undefended : what changes a baseline into the undefended target's; controls : where start, placebo and oracle stand
    """

    world: str
    table: str
    contrasts: list[Contrast]
    measure: str | UnsetType = UNSET
    smallest_effect: float | UnsetType = UNSET
    preconditions: list[Word | Contrast] = []
    at: Cell = {}
    undefended: Cell = msgspec.field(default_factory=lambda: {"strength": 0.0})
    controls: dict[str, Cell] = msgspec.field(default_factory=lambda: {name: {"attack": name} for name in CONTROLS})
    note: str = ""


class Claim(Struct, frozen=True, forbid_unknown_fields=True):
    """One finding of a paper, or of ours: `paper` is the published figure. `waiting` says what is still to be run."""

    id: str
    claim: str
    paper: str
    chapters: list[str]
    kind: Kind
    cases: list[Case] = []
    waiting: str = ""


def read_claims(content: bytes | None = None) -> list[Claim]:
    """All claims, every contrast filled in; those of the package if `content` is None.

    ValueError, with the place, if the file says what it may not, or a contrast lacks what its verdict needs.
    """
    if content is None:
        content = (resources.files("mia_kit.runs") / "claims.yaml").read_bytes()
    try:
        claims = msgspec.yaml.decode(content, type=list[Claim])
    except msgspec.MsgspecError as problem:
        raise ValueError(f"the claims cannot be read: {problem}") from problem
    ids = [claim.id for claim in claims]
    if twice := {name for name in ids if ids.count(name) > 1}:
        raise ValueError(f"every claim must stand once, got {', '.join(sorted(twice))} more often")
    return [msgspec.structs.replace(claim, cases=[_filled(claim, case) for case in claim.cases]) for claim in claims]


def fitted(contrast: Contrast, table: pd.DataFrame) -> Contrast:
    """The contrast without what its `at` says of columns that the table lacks: what does not vary is no column."""
    return msgspec.structs.replace(contrast, at={name: value for name, value in contrast.at.items() if name in table})


def estimate_of(contrast: Contrast, table: pd.DataFrame) -> Estimate:
    """The contrast in a table. Raises as `mia_kit.runs.compare.contrast` does."""

    def change(treated: np.ndarray, baseline: np.ndarray | float) -> np.ndarray:
        return treated / baseline - 1 if contrast.relative else treated - baseline

    def combine(treated: np.ndarray, *others: np.ndarray) -> np.ndarray:
        if contrast.reference is not None:
            return change(treated, contrast.reference)
        taken_off = contrast.less.times * change(*others[1:]) if contrast.less is not None else 0.0
        return change(treated, others[0]) - taken_off

    return compare.contrast(table, contrast.cells, combine, median=contrast.median, units_fixed=contrast.seeds_alone)


def _filled(claim: Claim, case: Case) -> Case:
    """The case with contrasts that stand for themselves."""
    contrasts = [full for contrast in case.contrasts for full in _expanded(_inherited(claim.kind, case, contrast))]
    if not contrasts:
        raise ValueError(f"claim {claim.id} must ask something of {case.table}, got no contrast")
    for contrast in contrasts:
        if problem := _lacking(contrast):
            raise ValueError(f"claim {claim.id}, {case.table}, {contrast.name!r}: {problem}")
    return msgspec.structs.replace(case, contrasts=contrasts)


def _inherited(kind: Kind, case: Case, contrast: Contrast) -> Contrast:
    return msgspec.structs.replace(
        contrast,
        kind=kind if contrast.kind is UNSET else contrast.kind,
        measure=case.measure if contrast.measure is UNSET else contrast.measure,
        smallest_effect=case.smallest_effect if contrast.smallest_effect is UNSET else contrast.smallest_effect,
        preconditions=case.preconditions if contrast.preconditions is UNSET else contrast.preconditions,
        at={**case.at, **contrast.at},
        undefended={**case.undefended, **contrast.undefended},
        controls={**case.controls, **contrast.controls},
    )


def _expanded(contrast: Contrast) -> Iterator[Contrast]:
    """A contrast for each combination of the values that stand in lists."""
    given = {"at": contrast.at, "treated": contrast.treated}
    lists = [(w, name, v) for w, cell in given.items() for name, v in cell.items() if isinstance(v, list)]
    for values in product(*(values for _, _, values in lists)):
        cells, words = {where: dict(cell) for where, cell in given.items()}, [contrast.name] * bool(contrast.name)
        for (where, name, _), value in zip(lists, values, strict=True):
            cells[where][name] = value
            words.append(f"{name.replace('_', ' ')} {value:g}" if isinstance(value, float) else str(value))
        full = msgspec.structs.replace(contrast, name=", ".join(words), at=cells["at"], treated=cells["treated"])
        conditions = [word if isinstance(word, str) else _condition(full, word) for word in full.preconditions or []]
        yield msgspec.structs.replace(full, preconditions=conditions)


def _condition(contrast: Contrast, condition: Contrast) -> Contrast:
    """A precondition that is itself a contrast looks where its contrast looks."""
    measure = contrast.measure if condition.measure is UNSET else condition.measure
    return msgspec.structs.replace(condition, measure=measure, at={**contrast.at, **condition.at}, preconditions=[])


def _lacking(contrast: Contrast) -> str:
    """What a contrast needs and does not have, as a sentence; "" if nothing."""
    if contrast.measure is UNSET:
        return "a contrast must have a measure"
    if (contrast.baseline is None) == (contrast.reference is None):
        return "a contrast must have a baseline or a reference, and not both"
    if contrast.kind == "finding" and contrast.claimed is None:
        return "a finding must say on which side the treated lie: claimed"
    if not isinstance(contrast.smallest_effect, float | int) or contrast.smallest_effect <= 0:
        return f"smallest_effect must be above 0, got {check.brief(contrast.smallest_effect)} instead"
    if contrast.match is not None and "strength" in (contrast.baseline or {}):
        return "a baseline that is matched must leave its strength open"
    loose = [condition for condition in contrast.preconditions or [] if not isinstance(condition, str)]
    if any(condition.claimed is None or not condition.name for condition in loose):
        return "a precondition must have a name and say what it needs: claimed"
    return ""
