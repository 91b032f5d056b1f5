"""The checks of chapters 4 and 5: a right answer is called correct, a wrong one is told what is wrong."""

import numpy as np
import pytest

from mia_kit.exercises import chapter04, chapter05


@pytest.fixture
def says(capsys):
    """Runs a check and gives what it printed."""

    def run(check, *answer):
        check(*answer)
        return capsys.readouterr().out.strip()

    return run


def turns(g):
    lengths = np.linalg.norm(g, axis=1)
    return (g[1:] * g[:-1]).sum(axis=1) / (lengths[1:] * lengths[:-1])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (turns, "Correct."),
        (lambda g: (g[1:] * g[:-1]).sum(axis=1), "divide by both lengths"),
        (lambda g: (g[1:] * g[:-1]).sum(axis=1) / (g[1:] ** 2).sum(axis=1), "square of one length"),
        (lambda g: 1 - turns(g), "cosine distance"),
        (lambda g: turns(g)[:-1], "the shape should be (5,)"),
        (lambda g: turns(g) + 0.1, "the first should be"),
    ],
)
def test_turns(says, answer, words):
    assert words in says(chapter04.check_turns, answer)


def test_swap(says):
    usual = {"sampling": 0.0, "optimisation": 0.0, "selection": 0.0}
    assert says(chapter04.check_swap, usual | {"selection": 0.1}) == "Correct."
    assert "must be done with the target at +0.1" in says(chapter04.check_swap, usual)
    assert "only one stage" in says(chapter04.check_swap, dict.fromkeys(usual, 0.1))
    assert "name all three" in says(chapter04.check_swap, {})


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda s, h: s.mean() / h.mean() - 1, "Correct."),
        (lambda s, h: s.mean() - h.mean(), "change in points"),
        (lambda s, h: (s / h).mean() - 1, "mean of ratios"),
        (lambda s, h: s.mean() / h.mean(), "take 1 away"),
        (lambda s, h: 7, "it should be 0.500"),
    ],
)
def test_advantage(says, answer, words):
    assert words in says(chapter05.check_advantage, answer)


def over_people(hits, draw):
    people = draw.integers(len(hits), size=(2000, len(hits)))
    return np.quantile(hits.mean(axis=1)[people].mean(axis=1), (0.025, 0.975))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (over_people, "Correct."),
        (lambda h, d: np.quantile(d.choice(h.ravel(), size=(2000, h.size)).mean(axis=1), (0.025, 0.975)), "whole rows"),
        (lambda h, d: over_people(h, d)[::-1], "in this order"),
        (lambda h, d: (h.mean() - h.mean(axis=1).std(), h.mean() + h.mean(axis=1).std()), "spread of people"),
        (lambda h, d: (0.0, 0.35), "about"),
    ],
)
def test_interval(says, answer, words):
    assert words in says(chapter05.check_interval, answer)
