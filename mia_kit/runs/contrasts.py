"""What a claim asks of a table: contrasts with the sign that the claim gives them, as `claims.yaml` writes them down.

    - id: S5
      claim: "inversion of faces: attack success positive > hard > negative"
      kind: finding                          # or no-difference, or question
      measure: acc1
      smallest_effect: 0.1
      at: {attack: ppa, loss: cross_entropy} # holds for every selection
      preconditions: [margin, start, placebo, floor]
      contrasts:
        - {name: negative below hard, treated: {strength: -0.2}, baseline: {strength: 0}, claimed: below}
      cases:                                 # one for each world: each gets a verdict of its own
        - {world: drawn people, table: smoothing_drawn}

A contrast takes from its case what it does not say itself, and a case from its claim; of `at` and `controls` each key
alone. A contrast without a baseline is held against the undefended target. A list in `at` or `treated` stands for a
contrast with each of its values.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from itertools import product
from typing import Literal, TypeVar

import msgspec
import numpy as np
import pandas as pd
from msgspec import Struct
from msgspec.structs import replace

from mia_kit.runs.compare import Estimate, paired
from mia_kit.runs.table import select

Value = str | float | int | None
Cell = dict[str, Value | list[Value]]
Kind = Literal["finding", "no-difference", "question"]
Side = Literal["above", "below"]
Word = Literal["margin", "start", "placebo", "floor", "ceiling", "useful", "rival"]
DEFENCE = ("defence", "strength")  # the columns that tell a target from the undefended one


class Times(Struct, frozen=True, forbid_unknown_fields=True):
    """The same change elsewhere, taken off `times` over: `treated` less `baseline`."""

    treated: Cell
    baseline: Cell | None = None
    times: float = 1.0


class Match(Struct, frozen=True, forbid_unknown_fields=True):
    """The baseline's strength is the one whose mean `measure` is nearest to the treated's; it must lie `within`."""

    measure: str
    within: float


class Asked(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a claim can say for its cases, a case for its contrasts, and a contrast for itself.

    smallest_effect : d, of the smallest effect of interest
    preconditions : words of `mia_kit.runs.preconditions`, or contrasts that must leave 0 out on the claimed side
    at : holds for every selection
    undefended : which target that is; controls : where start, placebo and oracle stand, if not as attacks of that name
    """

    kind: Kind | None = None
    measure: str = ""
    smallest_effect: float = 0.0
    preconditions: list[Word | Contrast] | None = None
    at: Cell = {}
    undefended: Cell = {}
    controls: dict[str, Cell] = {}


class Contrast(Asked, frozen=True):
    """The treated less the baseline, or less a number, and what is claimed of it.

    less : the same change elsewhere, which is taken off
    relative : changes are relative to the baseline: -0.5 is half
    claimed : the treated lie "above" or "below" the baseline. Of a claim of no difference it names the only side that
        would speak against it: "above" for "does not help the attacker"
    median : medians instead of means, over seeds alone; seeds_alone : units are no sample
    """

    treated: Cell
    name: str = ""
    baseline: Cell | None = None
    reference: float | None = None
    less: Times | None = None
    relative: bool = False
    claimed: Side | None = None
    median: bool = False
    seeds_alone: bool = False
    match: Match | None = None

    @property
    def cells(self) -> list[Cell]:
        """The selections that are compared: treated, baseline if there is one, then those of `less`."""
        cells = [self.treated]
        if self.reference is None:
            changes: list[Contrast | Times] = [self, self.less] if self.less else [self]
            pairs = [(change.treated, change.baseline or self._undefended(change.treated)) for change in changes]
            cells = [cell for pair in pairs for cell in pair]
        return [{"measure": self.measure, **self.at, **cell} for cell in cells]

    @property
    def quantity(self) -> str:
        """What is estimated, in words that its number follows."""
        if self.reference is not None:
            return f"{self.measure} above {self.reference:g} by"
        return "relative change of " * self.relative + self.measure

    @property
    def sign(self) -> int:
        """1 if the treated are claimed to lie above, -1 below, 0 if nothing is claimed."""
        return {"above": 1, "below": -1, None: 0}[self.claimed]

    def _undefended(self, treated: Cell) -> Cell:
        """The same without the defence."""
        return {name: value for name, value in treated.items() if name not in DEFENCE} | self.undefended


class Case(Asked, frozen=True):
    """A claim in one world."""

    world: str
    table: str
    contrasts: list[Contrast] = []
    note: str = ""


class Claim(Asked, frozen=True):
    """One finding of a paper, or of ours: `paper` is the published figure. `waiting` says what is still to be run."""

    id: str
    claim: str
    paper: str
    chapters: list[str]
    kind: Kind
    cases: list[Case] = []
    contrasts: list[Contrast] = []
    waiting: str = ""


SomeAsked = TypeVar("SomeAsked", bound=Asked)


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
    return [replace(claim, cases=[_filled(claim, case) for case in claim.cases]) for claim in claims]


def fitted(contrast: Contrast, table: pd.DataFrame) -> Contrast:
    """The contrast without what its `at` says of columns that the table lacks: what does not vary is no column."""
    return replace(contrast, at={name: value for name, value in contrast.at.items() if name in table})


def estimate_of(contrast: Contrast, table: pd.DataFrame) -> Estimate:
    """The contrast in a table. Raises as `mia_kit.runs.compare.paired` does."""

    def change(treated: np.ndarray, baseline: np.ndarray | float) -> np.ndarray:
        return treated / baseline - 1 if contrast.relative else treated - baseline

    def combine(treated: np.ndarray, *others: np.ndarray) -> np.ndarray:
        if contrast.reference is not None:
            return change(treated, contrast.reference)
        taken_off = contrast.less.times * change(*others[1:]) if contrast.less is not None else 0.0
        return change(treated, others[0]) - taken_off

    rows = [select(table, **cell) for cell in contrast.cells]
    return paired(rows, combine, median=contrast.median, units_fixed=contrast.seeds_alone)


def _filled(claim: Claim, case: Case) -> Case:
    """The case with contrasts that stand for themselves."""
    outer = _within(claim, case)
    contrasts = [full for inner in case.contrasts or claim.contrasts for full in _expanded(_within(outer, inner))]
    if not contrasts:
        raise ValueError(f"claim {claim.id} must ask something of {case.table}, got no contrast")
    for contrast in contrasts:
        if problem := _lacking(contrast):
            raise ValueError(f"claim {claim.id}, {case.table}, {contrast.name!r}: {problem}")
    return replace(case, contrasts=contrasts)


def _within(outer: Asked, inner: SomeAsked) -> SomeAsked:
    """The inner one, with what it does not say itself."""
    return replace(
        inner,
        kind=inner.kind or outer.kind,
        measure=inner.measure or outer.measure,
        smallest_effect=inner.smallest_effect or outer.smallest_effect,
        preconditions=outer.preconditions if inner.preconditions is None else inner.preconditions,
        at={**outer.at, **inner.at},
        undefended=inner.undefended or outer.undefended or {"strength": 0.0},
        controls={**outer.controls, **inner.controls},
    )


def _expanded(contrast: Contrast) -> Iterator[Contrast]:
    """A contrast for each combination of the values that stand in lists. Preconditions look where it looks."""
    given = {"at": contrast.at, "treated": contrast.treated}
    lists = [(w, name, v) for w, cell in given.items() for name, v in cell.items() if isinstance(v, list)]
    for values in product(*(values for _, _, values in lists)):
        cells, words = {where: dict(cell) for where, cell in given.items()}, [contrast.name] * bool(contrast.name)
        for (where, name, _), value in zip(lists, values, strict=True):
            cells[where][name] = value
            words.append(f"{name.replace('_', ' ')} {value:g}" if isinstance(value, float) else str(value))
        full = replace(contrast, name=", ".join(words), at=cells["at"], treated=cells["treated"], preconditions=[])
        conditions = contrast.preconditions or []
        yield replace(full, preconditions=[c if isinstance(c, str) else _within(full, c) for c in conditions])


def _lacking(contrast: Contrast) -> str:
    """What a contrast needs and does not have, as a sentence; "" if nothing."""
    if not contrast.measure:
        return "a contrast must have a measure"
    if contrast.baseline is not None and contrast.reference is not None:
        return "a contrast must not have both a baseline and a reference"
    if contrast.kind == "finding" and contrast.claimed is None:
        return "a finding must say on which side the treated lie: claimed"
    if contrast.smallest_effect <= 0:
        return f"smallest_effect must be above 0, got {contrast.smallest_effect:g} instead"
    if contrast.match is not None and "strength" in (contrast.baseline or {"strength": None}):
        return "a baseline that is matched must leave its strength open"
    loose = [condition for condition in contrast.preconditions or [] if not isinstance(condition, str)]
    if any(condition.claimed is None or not condition.name for condition in loose):
        return "a precondition must have a name and say what it needs: claimed"
    return ""
