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
        (lambda n, chunk, hours, workers: math.ceil(math.ceil(n / chunk) / workers) * hours, "Correct."),
        (lambda n, chunk, hours, workers: n / chunk / workers * hours, "a chunk cannot be shared"),
        (lambda n, chunk, hours, workers: math.ceil(n / chunk) / workers * hours, "stand idle"),
        (lambda n, chunk, hours, workers: math.ceil(n / chunk) * hours, "one worker alone"),
        (lambda *numbers: 1, "should be 10 hours, yours is 1."),
    ],
)
def test_hours(answer, words, capsys):
    chapter12.check_hours(answer)
    assert words in capsys.readouterr().out
