"""Chapter 13's checks: the right answer is correct, each likely mistake is named."""

import pytest

from mia_kit.exercises import chapter13


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda low, high, seeds: low * high > 0 and (min(seeds) > 0 or max(seeds) < 0), "Correct."),
        (lambda low, high, seeds: low * high > 0, "where one seed goes the other way it does not count"),
        (lambda low, high, seeds: low > 0 and min(seeds) > 0, "three seeds below 0"),
        (lambda low, high, seeds: min(seeds) > 0 or max(seeds) < 0, "an interval that holds 0 does not count"),
        (lambda low, high, seeds: undefined, "your code stopped with NameError"),  # noqa: F821
    ],
)
def test_counts(answer, words, capsys):
    chapter13.check_counts(answer)
    assert words in capsys.readouterr().out


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
