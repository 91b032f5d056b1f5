"""Every verdict in a simulated world where the right word is known, and the course's own claims."""

from typing import Any

import pytest

from mia_kit.runs import claims
from mia_kit.runs.claims import NOT_MEASURED, Verdict, in_words, judge, judged, read_claims, word_of
from mia_kit.runs.compare import Estimate
from mia_kit.runs.evidence import read_table
from tests.runs.worlds import NEGATIVE, contrast_of, table_of


def verdict(table: Any, text: str = NEGATIVE) -> Verdict:
    """The only verdict of a claim."""
    (found,) = judge(read_claims(text.encode())[0], {"simulated": table})
    return found


# --- findings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "noise", "word"),
    [
        (0.40, 0.01, "reproduced"),
        (0.599, 0.001, "reproduced"),  # as large as d
        (0.62, 0.012, "weaker"),
        (0.66, 0.002, "absent"),  # surely lower, and too little to matter
        (0.90, 0.01, "contradicted"),
        (0.50, 0.09, "cannot tell"),
    ],
)
def test_the_word_of_a_finding(level: float, noise: float, word: str) -> None:
    table = table_of({-0.2: level}, noise=noise)
    found = verdict(table, NEGATIVE.replace("[margin, start, placebo, floor, ceiling, useful]", "[margin]"))
    assert found.word == word, found.sentence
    assert ("could have shown" in found.sentence) == (word == "cannot tell")
    (part,) = found.parts
    assert part.estimate is not None and f"{part.estimate} (d 0.1, 5 seeds x 40)" in found.sentence


@pytest.mark.parametrize(
    ("low", "high", "low_90", "high_90", "word"),
    [
        (-0.30, -0.10, -0.28, -0.12, "reproduced"),
        (-0.12, -0.01, -0.11, -0.02, "weaker"),
        (-0.10, -0.01, -0.09, -0.02, "absent"),
        (0.01, 0.12, 0.02, 0.11, "contradicted"),
        (0.01, 0.10, 0.02, 0.09, "absent"),
        (-0.12, 0.01, -0.11, 0.00, "cannot tell"),
        (-0.30, 0.00, -0.28, -0.02, "cannot tell"),  # touches 0
        (-0.30, -1e-15, -0.28, -0.02, "cannot tell"),  # rounding is no difference
        (0.0, 0.0, 0.0, 0.0, "absent"),
    ],
)
def test_the_order_of_the_words(low: float, high: float, low_90: float, high_90: float, word: str) -> None:
    estimate = Estimate((low + high) / 2, low, high, low_90, high_90, 0.1, 40, 5)
    assert word_of(estimate, contrast_of()) == word
    turned = Estimate(-(low + high) / 2, -high, -low, -high_90, -low_90, 0.1, 40, 5)
    assert word_of(turned, contrast_of(claimed="above")) == word


# --- no difference and questions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "side", "low", "high", "word"),
    [
        ("no-difference", None, -0.05, 0.05, "reproduced"),
        ("no-difference", None, 0.05, 0.15, "cannot tell"),
        ("no-difference", None, 0.12, 0.30, "contradicted"),
        ("no-difference", None, -0.30, -0.12, "contradicted"),
        ("no-difference", "above", -0.30, -0.12, "reproduced"),  # only more would speak against it
        ("no-difference", "above", -0.30, 0.05, "reproduced"),
        ("no-difference", "above", 0.12, 0.30, "contradicted"),
        ("no-difference", "below", -0.30, -0.12, "contradicted"),
        ("no-difference", "below", 0.12, 0.30, "reproduced"),
        ("no-difference", "below", -0.20, 0.30, "cannot tell"),
        ("question", None, -0.3, -0.1, "answered"),
        ("question", None, 0.01, 0.3, "answered"),
        ("question", None, -0.05, 0.05, "answered"),
        ("question", None, -0.05, 0.2, "open"),
    ],
)
def test_a_claim_of_no_difference_and_a_question(kind: Any, side: Any, low: float, high: float, word: str) -> None:
    estimate = Estimate((low + high) / 2, low, high, low, high, 0.1, 40, 5)
    assert word_of(estimate, contrast_of(kind=kind, claimed=side)) == word


# --- what comes before -------------------------------------------------------------------------------------------


def test_a_failed_precondition_comes_first_and_is_told() -> None:
    found = verdict(table_of(margins={-0.2: 36.0}))
    assert found.word == "not testable here"
    assert found.sentence.startswith("simulated people: not testable here; negative: not testable here, the margin at")
    assert found.parts[0].estimate is None


def test_what_is_not_there_is_not_measured_yet() -> None:
    claim = read_claims(NEGATIVE.encode())[0]
    (found,) = judge(claim, {})
    assert (found.word, found.sentence) == ("not measured yet", "simulated people: not measured yet")
    assert verdict(table_of(seeds=2)).sentence.endswith("not measured yet, 2 of at least 3 seeds")
    assert verdict(table_of(seeds=1, people=1)).word == NOT_MEASURED  # a value alone has no interval
    missing = verdict(table_of(), NEGATIVE.replace("strength: -0.2", "strength: -0.3"))
    assert missing.word == "not measured yet" and "strength must be one of -0.2, 0, 0.1, got -0.3" in missing.sentence


def test_nothing_to_relate_to_is_not_testable() -> None:
    text = NEGATIVE.replace("claimed: below", "claimed: below, relative: true, preconditions: []")
    found = verdict(table_of({0.0: 0.0}, noise=0.0), text)
    assert found.word == "not testable here" and "must have a baseline above 0" in found.sentence


# --- several parts, several worlds -------------------------------------------------------------------------------

MORE = NEGATIVE + "        - {name: positive, treated: {strength: 0.1}, baseline: {strength: 0}, claimed: above}\n"


@pytest.mark.parametrize(
    ("leaks", "margin", "words", "whole"),
    [
        ({}, 270, ("reproduced", "reproduced"), "reproduced"),
        ({0.1: 0.71}, 270, ("reproduced", "absent"), "partly reproduced"),
        ({-0.2: 0.92, 0.1: 0.71}, 270, ("contradicted", "absent"), "contradicted"),
        ({-0.2: 0.69, 0.1: 0.71}, 270, ("absent", "absent"), "absent"),
        ({}, 30, ("not testable here", "reproduced"), "partly reproduced"),
        ({0.1: 0.71}, 30, ("not testable here", "absent"), "absent"),
    ],
)
def test_every_part_keeps_its_word(leaks: dict, margin: float, words: tuple[str, ...], whole: str) -> None:
    found = verdict(table_of(leaks, margins={-0.2: margin}, noise=0.003), MORE)
    assert (tuple(part.word for part in found.parts), found.word) == (words, whole)
    assert found.sentence.count(";") >= 2


def test_a_question_inside_a_finding_does_not_count() -> None:
    text = MORE.replace("baseline: {strength: 0}, claimed: above", "baseline: {strength: 0}, kind: question")
    found = verdict(table_of({0.1: 0.7}, noise=0.03), text)
    assert (found.word, found.parts[1].word) == ("reproduced", "open")


@pytest.mark.parametrize(
    ("words", "whole"),
    [
        (("answered", "answered"), "answered"),
        (("answered", "open"), "partly answered"),
        (("answered", "not testable here"), "partly answered"),
        (("open", "not testable here"), "open"),
        (("not testable here", "not measured yet"), "not testable here"),
    ],
)
def test_questions_of_several_parts(words: tuple[str, ...], whole: str) -> None:
    assert claims._whole([claims.Part("", "question", word, "") for word in words]) == whole


def test_a_claim_says_for_all_worlds_what_they_share_and_a_baseline_is_undefended() -> None:
    shared = NEGATIVE.replace("      measure: acc1\n", "").replace("kind: finding", "kind: finding\n  measure: acc1")
    assert verdict(table_of(), shared.replace("baseline: {strength: 0}, ", "")).parts == verdict(table_of()).parts


def test_worlds_are_never_joined() -> None:
    text = NEGATIVE + NEGATIVE[NEGATIVE.index("    - world") :].replace("simulated\n", "other\n")
    claim = read_claims(text.encode())[0]
    found = judge(claim, {"simulated": table_of(), "other": table_of({-0.2: 0.92})})
    assert [own.word for own in found] == ["reproduced", "contradicted"]


def test_an_interaction_takes_off_what_happens_elsewhere() -> None:
    """In a table whose optimiser does not vary and is no column."""
    less = "claimed: below, less: {treated: {strength: 0.1}, baseline: {strength: 0}, times: 0.5}, preconditions: []"
    found = verdict(table_of(), NEGATIVE.replace("claimed: below", less).replace("ppa,", "ppa, optimiser: adam,"))
    assert found.parts[0].estimate is not None
    assert found.parts[0].estimate.estimate == pytest.approx(-0.3 - 0.5 * 0.2, abs=0.1)


# --- the course's own --------------------------------------------------------------------------------------------


def test_every_finding_of_the_papers_has_a_row_and_ours_follow() -> None:
    ids = [claim.id for claim in read_claims()]
    counts = {"S": 22, "M": 5, "P": 13, "D": 7}
    papers = [f"{letter}{i}" for letter, count in counts.items() for i in range(1, count + 1)]
    assert [name for name in ids if name in papers] == papers
    assert set(ids) - set(papers) >= {"S23", "S24", "S25"}


def test_negative_factors_of_attacks_have_their_manipulation_checked() -> None:
    for claim in read_claims():
        for case in claim.cases:
            for contrast in case.contrasts:
                factor = contrast.treated.get("strength")
                negative = isinstance(factor, float) and factor < 0 and case.table not in ("toy_order", "dose_drawn")
                if negative and contrast.cells[0].get("defence") == "smoothing" and claim.id != "M1":
                    assert "margin" in (contrast.preconditions or []), f"{claim.id} {contrast.name}"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("smallest_effect: 0.1", "smalest_effect: 0.1", r"Object contains unknown field `smalest_effect`.*cases\[0\]"),
        (", claimed: below", "", "S5, simulated, 'negative': a finding must say on which side the treated lie"),
        ("      smallest_effect: 0.1\n", "", "smallest_effect must be above 0"),
        ("smallest_effect: 0.1", "smallest_effect: 0", "smallest_effect must be above 0, got 0 instead"),
        ("treated:", "reference: 1, treated:", "a contrast must not have both a baseline and a reference"),
        ("      measure: acc1\n", "", "a contrast must have a measure"),
        ("floor, ceiling", "flor", "Invalid enum value 'flor'"),
        ("id: S5", "- id: S5", "cannot be read"),
        (NEGATIVE, 2 * NEGATIVE, "every claim must stand once, got S5 more often"),
    ],
)
def test_a_wrong_file_says_where(old: str, new: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_claims(NEGATIVE.replace(old, new).encode())


def test_claims_of_a_table_in_words_are_those_of_its_chapter() -> None:
    table = read_table("embedding_drawn")
    words, parts = in_words("embedding_drawn", table)
    assert [line.split(":")[0] for line in words.splitlines()] == ["S3", "S4"]
    assert len(parts.splitlines()) == sum(len(verdict.parts) for _, verdict in judged("embedding_drawn", table))
    assert in_words("embedding_drawn", table, chapter="05") == ("", "")
