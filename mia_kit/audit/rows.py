"""A line of the audit's table: what was measured, of which attack, with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mia_kit.metrics import Interval

CONTROLS = ("start", "oracle", "placebo", "pictures")  # floors and ceilings, no attacks on the classifier
NAN = float("nan")


@dataclass(frozen=True)
class Row:
    """`unit` is a class, empty for a measure of the whole; `defence` a service's; ends of an interval may be NaN."""

    part: str
    attack: str = ""
    access: str = ""
    measure: str = ""
    value: float = NAN
    low: float = NAN
    high: float = NAN
    defence: str = ""
    unit: str = ""

    @classmethod
    def of(cls, part: str, attack: str, access: str, measure: str, value: Interval, defence: str = "") -> Row:
        """A measure with its interval."""
        return cls(part, attack, access, measure, value.value, value.low, value.high, defence)


def strongest(rows: Sequence[Row], measure: str) -> Row | None:
    """The attack on the undefended classifier that does best by a measure; None if nothing was measured."""
    known = (row for row in rows if row.measure == measure and not row.defence and not row.unit)
    return max((row for row in known if row.attack not in CONTROLS), key=lambda row: row.value, default=None)
