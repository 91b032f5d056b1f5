"""Chapter 13's checks: the right answer is correct, each likely mistake is named."""

import pytest

from mia_kit.exercises import chapter13
from mia_kit.runs.claims import word_of
from mia_kit.runs.compare import Estimate
from mia_kit.runs.contrasts import Contrast


def rule(estimate, low, high, low_90, high_90, d):
    if low > 0 and estimate >= d:
        return "reproduced"
    if -d <= low_90 and high_90 <= d:
        return "absent"
    if low > 0:
        return "weaker"
    return "contradicted" if high < 0 else "cannot tell"


def late(estimate, low, high, low_90, high_90, d):
    """Asks for absent last."""
    word = rule(estimate, low, high, -9, 9, d)
    return "absent" if word == "cannot tell" and -d <= low_90 and high_90 <= d else word


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (rule, "Correct."),
        (late, "what is surely there and surely too small to matter is absent: yours says 'weaker' for 0.04"),
        (lambda *numbers: "reproduced" if numbers[1] > 0 else "cannot tell", "with an estimate below d is weaker"),
        (lambda *numbers: undefined, "your code stopped with NameError"),  # noqa: F821
    ],
)
def test_word(answer, words, capsys):
    chapter13.check_word(answer)
    assert words in capsys.readouterr().out


@pytest.mark.parametrize(("numbers", "word", "_"), chapter13.CASES)
def test_the_cases_have_the_words_of_the_course_s_own_rule(numbers, word, _):
    estimate, low, high, low_90, high_90, smallest = numbers
    contrast = Contrast({}, kind="finding", claimed="above", smallest_effect=smallest)
    assert word_of(Estimate(estimate, low, high, low_90, high_90, 0.1, 40, 5), contrast) == word


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda tests, level: 1 - (1 - level) ** tests, "Correct."),
        (lambda tests, level: tests * level, "counts twice where two pass at once"),
        (lambda tests, level: (1 - level) ** tests, "for 1 tests at 0.05 it should be 0.0500, yours is 0.9500"),
    ],
)
def test_by_chance(answer, words, capsys):
    chapter13.check_by_chance(answer)
    assert words in capsys.readouterr().out
