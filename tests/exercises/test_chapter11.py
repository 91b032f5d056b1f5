"""Chapter 11's checks: the right answer is correct, each likely mistake is named."""

import numpy as np
import pytest

from mia_kit.exercises import chapter11


def thresholds(members):
    return members.mean() + np.linspace(-5, 5, 1001) * members.std()


def gains(members, non_members):
    tried = thresholds(members)[:, None]
    return (members < tried).mean(axis=1) - (non_members < tried).mean(axis=1)


def my_threshold(members, non_members):
    return thresholds(members)[gains(members, non_members).argmax()]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (my_threshold, "Correct."),
        (lambda members, non_members: members.mean(), "that is the average attack"),
        (lambda members, non_members: thresholds(members)[-1], "an end of the range"),
        (
            lambda members, non_members: thresholds(members)[gains(members, non_members).argmin()],
            "take the greatest gain, not the least",
        ),
        (lambda members, non_members: thresholds(members), "yours has the shape (1001,)"),
        (lambda members, non_members: 0.3, "with the best of the 1,001 it is"),
    ],
)
def test_threshold(answer, words, capsys):
    chapter11.check_threshold(answer)
    assert words in capsys.readouterr().out


def log_density(value, models, ddof=1):
    deviation = models.std(ddof=ddof)
    return -np.log(deviation) - ((value - models.mean()) / deviation) ** 2 / 2


def my_ratio(value, inside, outside):
    return log_density(value, inside) - log_density(value, outside)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (my_ratio, "Correct."),
        (lambda value, inside, outside: -my_ratio(value, inside, outside), "the members' Gaussian first"),
        (lambda value, inside, outside: np.exp(my_ratio(value, inside, outside)), "return its logarithm"),
        (
            lambda value, inside, outside: log_density(value, inside, 0) - log_density(value, outside, 0),
            "take ddof=1",
        ),
        (
            lambda value, inside, outside: (
                my_ratio(value, inside, outside) + np.log(inside.std(ddof=1)) - np.log(outside.std(ddof=1))
            ),
            "the logarithm of each deviation is missing",
        ),
        (lambda value, inside, outside: value - outside.mean(), "for the trial picture it should be"),
    ],
)
def test_ratio(answer, words, capsys):
    chapter11.check_ratio(answer)
    assert words in capsys.readouterr().out
