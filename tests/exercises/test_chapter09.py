"""Chapter 9's checks: the right answer is correct, each likely mistake is named."""

from functools import partial

import pytest
import torch
from torch.nn.functional import cosine_similarity

from mia_kit.defences.vectors import poisoned
from mia_kit.exercises import chapter09


def my_serve(clean, disturbance):
    label = clean.argmax(dim=1, keepdim=True)
    raw = (clean + disturbance).clamp_min(0)
    top = raw.gather(1, label)
    capped = torch.minimum(raw, 0.999 * top).scatter(1, label, top)
    return capped / capped.sum(dim=1, keepdim=True)


def normalised(raw):
    return raw / raw.sum(dim=1, keepdim=True)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (my_serve, "Correct."),
        (lambda clean, disturbance: normalised(clean + disturbance), "an entry is negative"),
        (lambda clean, disturbance: (clean + disturbance).clamp_min(0), "should sum to 1"),
        (lambda clean, disturbance: normalised((clean + disturbance).clamp_min(0)), "3 of 6 vectors have another"),
        (lambda clean, disturbance: (clean + disturbance).softmax(dim=1), "vectors have another label"),
        (lambda clean, disturbance: clean, "that is the clean vector"),
        (lambda clean, disturbance: my_serve(clean, 0.5 * disturbance), "the first vector needs nothing"),
        (lambda clean, disturbance: my_serve(clean, disturbance)[:1], "yours have the shape (1, 4)"),
        (lambda clean, disturbance: undefined, "your code stopped with NameError"),  # noqa: F821
    ],
)
def test_serve(answer, words, capsys):
    chapter09.check_serve(answer)
    assert words in capsys.readouterr().out


def my_poison(clean, wanted, gradient_of, bound, rounds=10, *, way=-1, turns=None):
    disturbance = torch.zeros_like(clean, requires_grad=True)
    for _ in range(rounds if turns is None else turns):
        served = poisoned(clean, disturbance, bound)
        loss = 1 - cosine_similarity(wanted, gradient_of(served), dim=0)
        (slope,) = torch.autograd.grad(loss, disturbance)
        disturbance = (disturbance + way * 0.1 * bound * slope.sign()).detach().requires_grad_()
    return poisoned(clean, disturbance, bound).detach()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (my_poison, "Correct."),
        (partial(my_poison, turns=0), "nothing has moved it"),
        (partial(my_poison, way=1), "turn away from the wanted gradient"),
        (partial(my_poison, turns=1), "step by the sign of the slope, in every round"),
        (lambda clean, *_, rounds: clean.flip(1), "has another label"),
        (lambda clean, *_, rounds: (3 * clean).softmax(dim=1), "farther away than the bound"),
        (lambda clean, *_, rounds: clean[:1], "yours have the shape (1, 4)"),
    ],
)
def test_poison(answer, words, capsys):
    chapter09.check_poison(answer)
    assert words in capsys.readouterr().out
