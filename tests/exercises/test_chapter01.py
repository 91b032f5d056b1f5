"""The checks speak: a stub is told what is wrong, a solution passes, a learner's own error does not stop the page."""

import torch

from mia_kit.exercises import chapter00, chapter01
from mia_kit.smoothing import smoothed_targets
from mia_kit.toy import invert, load_table


def test_targets(capsys):
    assert chapter01.check_targets(smoothed_targets)
    assert not chapter01.check_targets(lambda labels, classes, a: torch.nn.functional.one_hot(labels, classes).float())
    assert "the labelled class should get 0.8000" in capsys.readouterr().out


def test_targets_of_a_wrong_shape_or_with_an_error(capsys):
    assert not chapter01.check_targets(lambda labels, classes, a: torch.zeros(2))
    assert not chapter01.check_targets(lambda labels, classes, a: 1 / 0)
    printed = capsys.readouterr().out
    assert "the shape should be (3, 3), yours is (2,)" in printed and "ZeroDivisionError" in printed


def test_rows_that_do_not_sum_to_one(capsys):
    assert not chapter01.check_targets(lambda labels, classes, a: smoothed_targets(labels, classes, a) * 2)
    assert "each row should sum to 1" in capsys.readouterr().out


def test_ceiling():
    assert chapter01.check_ceiling(0.075)
    assert not chapter01.check_ceiling(0.05)


def test_attack(capsys):
    model = load_table().model(0.3, 42)
    assert chapter01.check_attack(invert(model, (0, 0)))
    assert not chapter01.check_attack(invert(model))
    assert not chapter01.check_attack(invert(model, (9, 9)))
    assert not chapter01.check_attack(invert(model, target_class=1))
    printed = capsys.readouterr().out
    assert "Bring him nearer than 1" in printed and "cheats" in printed and "attack class 2" in printed


def test_attacker():
    assert chapter00.check_attacker("the network")
    assert not chapter00.check_attacker("the training points")
    assert not chapter00.check_attacker("")
