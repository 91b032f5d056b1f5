"""Chapter 12's checks: the right answer is correct, each likely mistake is named."""

import math

import pytest

from mia_kit.exercises import chapter12


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda people, candidates, steps: people * candidates * steps, "Correct."),
        (lambda people, candidates, steps: people * candidates, "in every step"),
        (lambda people, candidates, steps: people * steps, "several candidates"),
        (lambda people, candidates, steps: candidates * steps, "that is one person"),
        (lambda *numbers: 3, "should be 5,300,000, yours is 3."),
    ],
)
def test_images(answer, words, capsys):
    chapter12.check_images(answer)
    assert words in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda n, piece, hours, workers: math.ceil(math.ceil(n / piece) / workers) * hours, "Correct."),
        (lambda n, piece, hours, workers: n / piece / workers * hours, "a piece cannot be shared"),
        (lambda n, piece, hours, workers: math.ceil(n / piece) / workers * hours, "stand idle"),
        (lambda n, piece, hours, workers: math.ceil(n / piece) * hours, "one worker alone"),
        (lambda *numbers: 1, "should be 10 hours, yours is 1."),
    ],
)
def test_hours(answer, words, capsys):
    chapter12.check_hours(answer)
    assert words in capsys.readouterr().out
