"""Chapter 6's checks: the right answer is correct, each likely mistake is named."""

import pytest
import torch
from torch.nn.functional import normalize, one_hot

from mia_kit.exercises import chapter06


def my_margin(logits, targets):
    own = logits.gather(1, targets[:, None]).squeeze(1)
    others = logits - 1e9 * one_hot(targets, logits.shape[1])
    return others.max(dim=1).values - own


def own_logit(logits, targets):
    return logits.gather(1, targets[:, None]).squeeze(1)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (my_margin, "Correct."),
        (lambda logits, targets: -my_margin(logits, targets), "Turn the sign"),
        (lambda logits, targets: logits.max(dim=1).values - own_logit(logits, targets), "compare it with itself"),
        (lambda logits, targets: -own_logit(logits, targets), "that is the raw logit"),
        (lambda logits, targets: my_margin(logits, targets).mean(), "the shape should be (6,), yours is ()"),
        (lambda logits, targets: 2 * my_margin(logits, targets), "the first image should have"),
        (lambda logits, targets: torch.zeros(6) / 0 + undefined, "your code stopped with NameError"),  # noqa: F821
    ],
)
def test_margin(answer, words, capsys):
    chapter06.check_margin(answer)
    assert words in capsys.readouterr().out


def by_mean(directions, inside):
    weights = torch.where(inside, 1 / inside.sum(1, keepdim=True), -1 / (~inside).sum(1, keepdim=True))
    return normalize((weights[:, :, None] * directions).sum(dim=1), dim=1)


def by_sum(directions, inside):
    return normalize((torch.where(inside, 1, -1)[:, :, None] * directions).sum(dim=1), dim=1)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (by_mean, "Correct."),
        (lambda directions, inside: -by_mean(directions, inside), "walks out of the class"),
        (lambda directions, inside: 2 * by_mean(directions, inside), "normalise it to 1"),
        (by_sum, "their mean, not their sum"),
        (lambda d, inside: normalize((inside[:, :, None] * d).sum(dim=1), dim=1), "where it does not as well"),
        (lambda directions, inside: directions[:, 0], "take the mean"),
        (lambda directions, inside: directions, "expected (6, 3), yours is (6, 40, 3)"),
    ],
)
def test_direction(answer, words, capsys):
    chapter06.check_direction(answer)
    assert words in capsys.readouterr().out
