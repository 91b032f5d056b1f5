"""One rule for every verdict: what a claim asks of a table (`contrasts.py`), and the word that the answer gets.

The first that fits, for each contrast, d being its smallest effect of interest:

    not testable here   a precondition fails: it is named, with its number (`preconditions.py`)
    of a finding
        reproduced      the 95 % interval lies wholly on the claimed side, and the estimate is at least d
        absent          the 90 % interval lies within [-d, d] (two one-sided tests)
        weaker          the 95 % interval lies wholly on the claimed side
        contradicted    it lies wholly on the other side
        cannot tell     all else; the least difference that could have been seen is printed
    of no difference
        reproduced      the 90 % interval lies within [-d, d]
        contradicted    the 95 % interval lies wholly outside
        cannot tell     all else
    of a question
        answered        the 95 % interval leaves 0 out, or the 90 % interval lies within [-d, d]
        open            all else

A claim has a verdict for each world and never one over all. In a world of several contrasts each keeps its word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from mia_kit.runs.compare import BaselineError, Estimate
from mia_kit.runs.contrasts import Case, Claim, Contrast, Kind, estimate_of, fitted, read_claims
from mia_kit.runs.preconditions import beyond_zero, failed, matched
from mia_kit.runs.table import NoRowsError

__all__ = ["WORDS", "Claim", "Part", "Verdict", "in_words", "judge", "judged", "read_claims", "word_of"]

NOT_MEASURED, NOT_TESTABLE = "not measured yet", "not testable here"
# From the best news for a claim to the worst, as far as they speak of it at all.
WORDS = (
    *("reproduced", "partly reproduced", "answered", "partly answered"),
    *("weaker", "cannot tell", "open", "absent", "contradicted", NOT_TESTABLE, NOT_MEASURED),
)
# A claim none of whose parts is reproduced or answered takes the first of these that a part has.
WORST_FIRST = ("contradicted", "absent", "weaker", "cannot tell", "open", NOT_TESTABLE, NOT_MEASURED)
LEAST_SEEDS = 3


@dataclass(frozen=True)
class Part:
    """The word of one contrast and the sentence that carries its numbers; `estimate` is None where there is none."""

    name: str
    kind: Kind | None
    word: str
    sentence: str
    estimate: Estimate | None = None


@dataclass(frozen=True)
class Verdict:
    """The word of a claim in one world, the parts that it rests on, and both in a sentence."""

    world: str
    table: str
    word: str
    parts: tuple[Part, ...]

    @property
    def sentence(self) -> str:
        """The word, and after it every part in the order of the file."""
        return f"{self.world}: {self.word}" + "".join(f"; {part.name}: {part.sentence}" for part in self.parts)


def judge(claim: Claim, tables: Mapping[str, pd.DataFrame]) -> tuple[Verdict, ...]:
    """A verdict for each world of the claim, from the tables by name; "not measured yet" where a table is missing."""
    return tuple(_judge_case(case, tables.get(case.table)) for case in claim.cases)


def judged(name: str, table: pd.DataFrame) -> list[tuple[Claim, Verdict]]:
    """Each claim that asks the table of this name, with its verdict there."""
    pairs = [(claim, verdict) for claim in read_claims() for verdict in judge(claim, {name: table})]
    return [(claim, verdict) for claim, verdict in pairs if verdict.table == name]


def in_words(name: str, table: pd.DataFrame, *, chapter: str = "") -> tuple[str, str]:
    """The words of the claims that ask this table, a line each; and every part with its sentence, a line each.

    chapter : such as "05", for the claims of that chapter alone
    """
    pairs = [(claim, verdict) for claim, verdict in judged(name, table) if not chapter or chapter in claim.chapters]
    words = [f"{claim.id}: {verdict.word}. {claim.claim}" for claim, verdict in pairs]
    parts = [f"{claim.id}, {part.name}: {part.sentence}" for claim, verdict in pairs for part in verdict.parts]
    return "\n".join(words), "\n".join(parts)


def word_of(estimate: Estimate, contrast: Contrast) -> str:
    """The word for an estimate, by the kind of its contrast, its claimed side and its smallest effect."""
    smallest = contrast.smallest_effect
    small = -smallest <= estimate.low_90 and estimate.high_90 <= smallest
    leaves_zero_out = any(beyond_zero(estimate.low, estimate.high, sign) for sign in (1, -1))
    if contrast.kind == "question":
        return "answered" if small or leaves_zero_out else "open"
    if contrast.kind == "no-difference":
        return _word_of_no_difference(estimate, contrast.sign, smallest, small)
    claimed = beyond_zero(estimate.low, estimate.high, contrast.sign)
    if claimed and estimate.estimate * contrast.sign >= smallest:
        return "reproduced"
    if small:
        return "absent"
    if claimed:
        return "weaker"
    return "contradicted" if leaves_zero_out else "cannot tell"


def _word_of_no_difference(estimate: Estimate, side: int, smallest: float, small: bool) -> str:
    """With a side, such as "not above", a difference on the other side is as good as none."""
    if side:
        small = estimate.high_90 <= smallest if side > 0 else estimate.low_90 >= -smallest
    above, below = estimate.low > smallest, estimate.high < -smallest
    outside = {0: above or below, 1: above, -1: below}[side]
    return "reproduced" if small else "contradicted" if outside else "cannot tell"


def _judge_case(case: Case, table: pd.DataFrame | None) -> Verdict:
    if table is None:
        return Verdict(case.world, case.table, NOT_MEASURED, ())
    parts = tuple(_judge_contrast(contrast, table) for contrast in case.contrasts)
    return Verdict(case.world, case.table, _whole(parts), parts)


def _judge_contrast(contrast: Contrast, table: pd.DataFrame) -> Part:
    def part(word: str, sentence: str, estimate: Estimate | None = None) -> Part:
        return Part(contrast.name, contrast.kind, word, f"{word}, {sentence}", estimate)

    try:
        contrast, reason = matched(fitted(contrast, table), table)
        estimate = None if reason else estimate_of(contrast, table)
        if estimate is not None and estimate.seeds < LEAST_SEEDS:
            return part(NOT_MEASURED, f"{estimate.seeds} of at least {LEAST_SEEDS} seeds")
        if reason := reason or failed(contrast, table):
            return part(NOT_TESTABLE, reason)
    except NoRowsError as problem:
        return part(NOT_MEASURED, str(problem))
    except BaselineError as problem:
        return part(NOT_TESTABLE, str(problem))
    assert estimate is not None
    word = word_of(estimate, contrast)
    return part(word, _told(estimate, contrast, word), estimate)


def _told(estimate: Estimate, contrast: Contrast, word: str) -> str:
    places = f"{estimate.seeds} seeds" + f" x {estimate.units}" * bool(estimate.units)
    words = f"{contrast.quantity} {estimate} (d {contrast.smallest_effect:g}, {places})"
    if word in ("cannot tell", "open"):
        words += f", could have shown {estimate.least_detectable:.3g}"
    return words


def _whole(parts: Sequence[Part]) -> str:
    """The word of a claim from those of its parts. Questions inside a finding do not count."""
    words = [part.word for part in parts if part.kind != "question"] or [part.word for part in parts]
    if len(set(words)) == 1:
        return words[0]
    best = next((word for word in ("reproduced", "answered") if word in words), None)
    return f"partly {best}" if best else next(word for word in WORST_FIRST if word in words)
