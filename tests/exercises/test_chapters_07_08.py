"""The checks of chapter 7: the right answer is correct, each likely mistake is named."""

import pytest

from mia_kit.defences.mid import divergence
from mia_kit.exercises import chapter07


def clip(gradients, norm):
    return gradients * (norm / gradients.norm(dim=1, keepdim=True)).clamp(max=1)


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
