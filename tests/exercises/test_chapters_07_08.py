"""The checks of chapters 7 and 8: the right answer is correct, each likely mistake is named."""

import pytest
import torch

from mia_kit.attacks.losses import logit, margin, others_down
from mia_kit.defences.mid import divergence
from mia_kit.exercises import chapter07, chapter08


def clip(gradients, norm):
    return gradients * (norm / gradients.norm(dim=1, keepdim=True)).clamp(max=1)


def step(images, gradient, size):
    return (images + size * gradient.sign()).clamp(-1, 1)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (clip, "Correct."),
        (lambda g, norm: g * norm / g.norm(dim=1, keepdim=True), "clipping never makes one longer"),
        (lambda g, norm: g.clamp(-norm, norm), "that turns the gradient"),
        (lambda g, norm: g * norm / g.norm(), "all gradients together"),
        (lambda g, norm: clip(g, norm).sum(dim=0), "yours is (3,)"),
        (lambda g, norm: clip(g, 1.0), "yours has 1.000"),
    ],
)
def test_clip(answer, words, capsys):
    chapter07.check_clip(answer)
    assert words in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (divergence, "Correct."),
        (lambda m, d: divergence(m, d) / 3, "add them up"),
        (lambda m, d: 2 * divergence(m, d), "a half before the bracket"),
        (lambda m, d: 0.5 * (m**2 + d**2 - 1).sum(dim=1), "the logarithm of the deviation is missing"),
        (lambda m, d: divergence(m, d).sum(), "yours is ()"),
        (lambda m, d: divergence(m, d) + 1, "the first picture should pay"),
    ],
)
def test_divergence(answer, words, capsys):
    chapter07.check_divergence(answer)
    assert words in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (others_down, "Correct."),
        (lambda x, y: -others_down(x, y), "Turn the sign"),
        (lambda x, y: x.mean(dim=1) + logit(x, y), "own logit is in your mean"),
        (margin, "that is the margin"),
        (logit, "that is the raw logit"),
        (lambda x, y: others_down(x, y).mean(), "yours is ()"),
        (lambda x, y: others_down(x, y) + 1, "the first image should have"),
    ],
)
def test_others_down(answer, words, capsys):
    chapter08.check_others_down(answer)
    assert words in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (step, "Correct."),
        (lambda x, g, size: x + size * g.sign(), "left the range"),
        (lambda x, g, size: step(x, -g, size), "you walk down"),
        (lambda x, g, size: (x + size * g).clamp(-1, 1), "Take the sign"),
        (lambda x, g, size: step(x, g, size).flatten(), "yours is (4,)"),
        (lambda x, g, size: torch.ones_like(x), "the first pixel should be 0.1"),
    ],
)
def test_step(answer, words, capsys):
    chapter08.check_step(answer)
    assert words in capsys.readouterr().out
