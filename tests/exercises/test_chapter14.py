"""Chapter 14's checks: the right answer is correct, each likely mistake is named."""

import pytest

from mia_kit.exercises import chapter14


def beats(first, second):
    return first[0] >= second[0] and first[1] <= second[1] and first != second


def frontier(points):
    return [name for name, point in points.items() if not any(beats(other, point) for other in points.values())]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (frontier, "Correct."),
        (lambda points: [n for n, p in points.items() if p[0] > 0.75], "e leaks nothing"),
        (list, "b beats it"),
        (lambda points: [*frontier(points), "d"], "d is as accurate as b"),
        (lambda points: ["e", "b"], "nobody beats a or f"),
        (lambda points: ["a", "e"], "a, b, e and f should stay"),
    ],
)
def test_frontier(answer, words, capsys):
    chapter14.check_frontier(answer)
    assert words in capsys.readouterr().out


@pytest.mark.parametrize(
    ("mine", "words"),
    [
        ((0.5, 6), "Correct."),
        ((0.4, 7), "Correct."),
        ((0.9, 9), "red finds 9 people"),
        ((0.3, 0), "by naming few"),
        ((0.4, 8), "exactly as good"),
    ],
)
def test_better(mine, words, capsys):
    chapter14.check_better(mine, (0.4, 8))
    assert words in capsys.readouterr().out
