"""Chapter 10's checks: the right answer is correct, each likely mistake is named."""

import pytest

from mia_kit.exercises import chapter10


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda own, wrong, copies: own * (1 - wrong) + 2 * own + own * (1 - copies), "Correct."),
        (lambda own, wrong, copies: 4 * own, "stand under wrong labels"),
        (lambda own, wrong, copies: own * (1 - wrong) + own + own * (1 - copies), "you left out some"),
        (lambda own, wrong, copies: own + 2 * own + own * (1 - copies), "a share of the own pictures"),
        (lambda own, wrong, copies: own * wrong + 2 * own + own * copies, "take the others"),
        (lambda own, wrong, copies: 0, "it should be 165, yours is 0."),
        (lambda own, wrong, copies: 1 / 0, "your code stopped with ZeroDivisionError"),
    ],
)
def test_count(answer, words, capsys):
    chapter10.check_count(answer)
    assert words in capsys.readouterr().out


def iterate(product, vector, steps, *, unit=True):
    for _ in range(steps):
        vector = product(vector)
        vector = vector / vector.norm() if unit else vector
    return vector


def my_curvature(product, vector, steps):
    found = iterate(product, vector, steps)
    return found @ product(found)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (my_curvature, "Correct."),
        (lambda product, vector, steps: product(iterate(product, vector, steps)).norm(), "the sign is lost"),
        (lambda product, vector, steps: iterate(product, vector, steps, unit=False).norm(), "grew without bounds"),
        (lambda product, vector, steps: vector @ product(vector) / (vector @ vector), "along the first vector"),
        (lambda product, vector, steps: 3.0, "it should be -5.000, the eigenvalue of greatest size, yours is 3.000"),
    ],
)
def test_curvature(answer, words, capsys):
    chapter10.check_curvature(answer)
    assert words in capsys.readouterr().out
