"""Checks let what is right through, unchanged or as a plain value, and say both sides of what is wrong."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from mia_kit import check


def test_numbers_come_back_plain():
    assert check.in_range("k", np.float64(0.5), 0, 1) == 0.5
    assert type(check.count("k", np.int64(3))) is int
    assert check.count("k", 0, least=0) == 0
    assert check.one_of("loss", "logit", ["logit", "margin"]) == "logit"
    assert check.counts("size", np.array([32, 64]), 2) == (32, 64)
    assert check.places("targets", torch.tensor([0, 2]), below=3).dtype == np.int64
    assert check.array("rows", [[1, 2]], ("n", 2)).tolist() == [[1, 2]]
    assert check.array("rows", torch.zeros(2, requires_grad=True)).tolist() == [0, 0]
    assert check.mask("called", [True, False], (2,)).tolist() == [True, False]
    assert check.array("rows", [float("nan")], finite=False).size == 1


def test_the_fields_of_settings_come_back_plain():
    @dataclass(frozen=True)
    class Settings:
        steps: int = 0

        def __post_init__(self):
            check.whole_fields(self, steps=0)

    assert type(Settings(np.int64(3)).steps) is int
    with pytest.raises(ValueError, match="steps must be at least 0, got -5"):
        Settings(-5)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: check.in_range("confidence", 95, 0, 1), ValueError, r"confidence must lie in \[0, 1\], got 95"),
        (lambda: check.in_range("rate", 0, 0, open_ends="low"), ValueError, "rate must be above 0, got 0"),
        (lambda: check.in_range("rate", float("nan"), 0), ValueError, "rate must be finite, got nan"),
        (lambda: check.in_range("rate", "0.1", 0), TypeError, "rate must be a number, got '0.1'"),
        (lambda: check.in_range("rate", torch.zeros(2), 0), TypeError, r"got Tensor of shape \(2,\)"),
        (lambda: check.count("steps", -5, least=0), ValueError, "steps must be at least 0, got -5"),
        (lambda: check.count("steps", 2.0), TypeError, "steps must be a whole number, got 2.0"),
        (lambda: check.count("keep", 9, most=4), ValueError, "keep must be from 1 to 4, got 9"),
        (lambda: check.one_of("loss", "pointcare", ["poincare", "logit"]), ValueError, "did you mean poincare?"),
        (lambda: check.shape("logits", torch.zeros(3), ("n", "classes")), ValueError, r"\(n, classes\), got \(3,\)"),
        (lambda: check.shape("logits", [1], ("n",)), TypeError, r"got \[1\]"),
        (lambda: check.floats("logits", np.zeros((2, 3)), ("n", "classes")), TypeError, r"a floating.* got ndarray of"),
        (lambda: check.floats("logits", torch.ones(2, 3).int(), ("n", "classes")), TypeError, r"got torch.int32"),
        (lambda: check.labels(torch.tensor([3]), classes=3), ValueError, r"\[0, 3\), got values from 3 to 3"),
        (lambda: check.labels([0, 1], classes=3), TypeError, r"got \[0, 1\]"),
        (lambda: check.labels(torch.tensor([0], dtype=torch.int32), classes=3), TypeError, r"int32 instead: use .long"),
        (lambda: check.images(torch.zeros(2, 3, 8, 8, dtype=torch.uint8)), TypeError, "to_floats"),
        (lambda: check.images(255 * torch.rand(2, 3, 8, 8)), ValueError, r"\[-1, 1\], got values"),
        (lambda: check.images(torch.rand(2, 8, 8, 3)), ValueError, r"1 or 3, h, w\), got \(2, 8, 8, 3\)"),
        (lambda: check.images(torch.full((2, 3, 8, 8), float("nan"))), ValueError, "got values from nan"),
        (lambda: check.kind("runs", 3, (list, tuple), "a list"), TypeError, "runs must be a list, got 3"),
        (lambda: check.array("rows", "abc"), TypeError, "rows must be numbers, got 'abc'"),
        (lambda: check.array("rows", [[1], [1, 2]]), TypeError, r"got \[\[1\], \[1, 2\]\]"),
        (lambda: check.array("rows", []), ValueError, r"at least one number, got the shape \(0,\)"),
        (lambda: check.array("rows", [1.0, np.inf]), ValueError, "rows must be finite, got 1 of 2"),
        (lambda: check.places("labels", [0.5]), TypeError, "labels must be whole numbers, got float64"),
        (lambda: check.places("labels", [True]), TypeError, "labels must be whole numbers, got bool"),
        (lambda: check.places("labels", [0, 3], below=3), ValueError, r"\[0, 3\), got values from 0 to 3"),
        (lambda: check.places("labels", [-1]), ValueError, r"\[0, \.\.\.\), got values from -1 to -1"),
        (lambda: check.mask("called", [0, 1], (2,)), TypeError, "called must be bool, got int64"),
        (lambda: check.counts("size", 32, 2), TypeError, "size must be 2 whole numbers of at least 1, got 32"),
        (lambda: check.counts("size", (8, 0), 2), ValueError, "each of size must be at least 1, got 0"),
        (lambda: check.counts("size", (8, 8, 8), 2), ValueError, r"got \(8, 8, 8\)"),
        (lambda: check.finite("scores", np.array([0, np.inf])), ValueError, "1 of 2"),
        (lambda: check.finite("scores", torch.tensor([float("nan")])), ValueError, "1 of 1"),
    ],
)
def test_a_bad_value_gives_both_sides(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_range_holds_its_ends_unless_they_are_open() -> None:
    assert check.in_range("share", 1, 0, 1) == 1 and check.in_range("share", 0, 0, 1) == 0
    for value, ends in ((1, "high"), (0, "low"), (1, "both"), (0, "both")):
        with pytest.raises(ValueError, match="share must lie in"):
            check.in_range("share", value, 0, 1, open_ends=ends)
