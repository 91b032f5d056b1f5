"""The checks speak: a right answer is called correct, a wrong one is told what is wrong, an error stops nothing."""

from functools import partial

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from mia_kit.exercises import chapter00, chapter01, chapter02
from mia_kit.smoothing import smoothed_targets
from mia_kit.toy import invert, load_table


@pytest.fixture
def says(capsys):
    """Runs a check and gives what it printed."""

    def run(check, *answer):
        check(*answer)
        return capsys.readouterr().out.strip()

    return run


def test_attacker(says):
    assert says(chapter00.check_attacker, "the network") == "Correct."
    assert "never sees the training points" in says(chapter00.check_attacker, "the training points")
    assert "choose one of the three" in says(chapter00.check_attacker, "")


def test_distance(says):
    right = lambda end, points: (points - end).norm(dim=1).min()  # noqa: E731
    assert says(chapter00.check_distance, right) == "Correct."
    assert "to the middle" in says(chapter00.check_distance, lambda end, points: (points.mean(dim=0) - end).norm())
    assert "on average" in says(chapter00.check_distance, lambda end, points: (points - end).norm(dim=1).mean())
    assert "the nearest is" in says(chapter00.check_distance, lambda end, points: 0.0)
    assert "stopped with" in says(chapter00.check_distance, lambda end, points: points[100])


def hard_labels(labels, classes, smoothing):
    return torch.nn.functional.one_hot(labels, classes).float()


def my_invert(model, start, target_class, *, sign=-1, early=False, most=10_000):
    point = torch.tensor([start], requires_grad=True)
    for _ in range(most):
        loss = torch.nn.functional.cross_entropy(model(point), torch.tensor([target_class]))
        if early and torch.exp(-loss) > 0.95:
            break
        (gradient,) = torch.autograd.grad(loss, point)
        point.data += sign * 0.1 * gradient
        if torch.exp(-loss) > 0.95:
            break
    return point.detach()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (my_invert, "Correct."),
        (partial(my_invert, early=True), "one step early"),
        (partial(my_invert, sign=1, most=20), "uphill"),
        (partial(my_invert, most=0), "has not moved"),
        (partial(my_invert, most=10), "the attacker should stop at"),
        (lambda model, start, target_class: torch.zeros(2), "yours has the shape (2,)"),
    ],
)
def test_invert(says, answer, words):
    assert words in says(chapter01.check_invert, answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (smoothed_targets, "Correct."),
        (hard_labels, "the labelled class should get 0.8000"),
        (lambda labels, classes, a: torch.zeros(2), "the shape should be (3, 3), yours is (2,)"),
        (lambda labels, classes, a: 1 / 0, "your code stopped with ZeroDivisionError"),
        (lambda labels, classes, a: 2 * smoothed_targets(labels, classes, a), "each row should sum to 1"),
    ],
)
def test_targets(says, answer, words):
    assert words in says(chapter01.check_targets, answer)


def test_ceiling(says):
    assert says(chapter01.check_ceiling, 0.075) == "Correct."
    assert "a perfect fit is 96.7% sure" in says(chapter01.check_ceiling, 0.05)


def test_attack(says):
    model = load_table().model(0.3, 42)
    assert says(chapter01.check_attack, invert(model, (0, 0))) == "Correct."
    assert "Bring them nearer than 1" in says(chapter01.check_attack, invert(model))
    assert "cheats" in says(chapter01.check_attack, invert(model, (9, 9)))
    assert "attack class 2" in says(chapter01.check_attack, invert(model, target_class=1))


def ratio(features, labels, diagonal=False):
    distances, same = cdist(features, features), labels[:, None] == labels[None, :]
    within = same if diagonal else same & ~np.eye(len(labels), dtype=bool)
    return distances[within].mean() / distances[~same].mean()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (ratio, "Correct."),
        (lambda x, y: 1 / ratio(x, y), "other way round"),
        (lambda x, y: ratio(x, y, diagonal=True), "leave the diagonal out"),
        (lambda x, y: 0.5, "yours gives 0.500"),
    ],
)
def test_ratio(says, answer, words):
    assert words in says(chapter02.check_ratio, answer)


def test_scale(says):
    assert says(chapter02.check_scale, "the same") == "Correct."
    assert "all distances grow" in says(chapter02.check_scale, "larger")
    assert 'choose "larger"' in says(chapter02.check_scale, "")
