"""The checks of chapter 8: the right answer is correct, each likely mistake is named."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from mia_kit.attacks.adaptive_losses import Boundary
from mia_kit.attacks.losses import margin
from mia_kit.exercises import chapter08


def tempered(logits, targets, temperature):
    return cross_entropy(logits / temperature, targets, reduction="none")


def boundary(logits, targets, weight, power=1):
    ahead = logits.scatter(1, targets[:, None], -torch.inf) - logits.gather(1, targets[:, None])
    apart = (weight[targets][:, None] - weight).norm(dim=2).scatter(1, targets[:, None], 1.0)
    return (ahead / apart**power).amax(dim=1)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (tempered, "Correct."),
        (lambda x, y, t: tempered(x, y, 1), "plain cross-entropy"),
        (lambda x, y, t: tempered(x, y, 1) / t, "you divided the loss"),
        (lambda x, y, t: tempered(x, y, 1 / t), "you multiplied"),
        (lambda x, y, t: tempered(x.softmax(dim=1), y, t), "divided the confidences"),
        (lambda x, y, t: -tempered(x, y, t), "Turn the sign"),
        (lambda x, y, t: cross_entropy(x / t, y), "yours is ()"),
    ],
)
def test_tempered(answer, words, capsys):
    chapter08.check_tempered(answer)
    assert words in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (boundary, "Correct."),
        (lambda x, y, w: Boundary(w)(x, y), "Correct."),
        (lambda x, y, w: margin(x, y), "that is the margin"),
        (lambda x, y, w: boundary(x, y, w, power=2), "squared length"),
        (lambda x, y, w: margin(x, y) / w[y].norm(dim=1), "the person's own row"),
        (lambda x, y, w: boundary(x, y, w).clamp_min(0), "leave it out"),
        (lambda x, y, w: -boundary(x, y, w), "Turn the sign"),
        (lambda x, y, w: boundary(x, y, w) + 1, "the first image should have"),
    ],
)
def test_boundary(answer, words, capsys):
    chapter08.check_boundary(answer)
    assert words in capsys.readouterr().out


def test_the_gradient_of_the_boundary_is_finite_where_the_person_leads():
    logits = torch.tensor([[300.0, 0.0, 1.0]], requires_grad=True)
    (gradient,) = torch.autograd.grad(boundary(logits, torch.tensor([0]), torch.eye(3)).sum(), logits)
    assert gradient.isfinite().all() and gradient.abs().max() > 0
