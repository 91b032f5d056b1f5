"""The checks of chapter 7: the right answer is correct, each likely mistake is named."""

import pytest
import torch

from mia_kit.defences.bido import normalised_hsic
from mia_kit.defences.mid import divergence
from mia_kit.exercises import chapter07


def clip(gradients, norm):
    return gradients * (norm / gradients.norm(dim=1, keepdim=True)).clamp(max=1)


def dependence(first, second):
    lifts = (kernel + 1e-5 * len(kernel) * torch.eye(len(kernel)).double() for kernel in (first, second))
    left, right = (kernel @ torch.linalg.inv(lift) for kernel, lift in zip((first, second), lifts, strict=True))
    return (left * right).sum()


def noisy_step(weights, gradients, rate, norm, noise, random):
    total = clip(gradients, norm).sum(dim=0)
    return weights - rate * (total + noise * norm * torch.randn(total.shape, generator=random)) / len(gradients)


def doubled(weights, gradients, rate, norm, noise, random):
    return noisy_step(weights, gradients, rate, norm, 2 * noise, random)


def late_noise(weights, gradients, rate, norm, noise, random):
    moved = noisy_step(weights, gradients, rate, norm, 0, random)
    return moved - rate * noise * norm * torch.randn(moved.shape, generator=random)


def many_draws(weights, gradients, rate, norm, noise, random):
    drawn = clip(gradients, norm) + noise * norm * torch.randn(gradients.shape, generator=random)
    return weights - rate * drawn.mean(dim=0)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (dependence, "Correct."),
        (normalised_hsic, "Correct."),
        (lambda u, v: (u * v).sum(), "HSIC without its norm"),
        (lambda u, v: dependence(u, v) / 12, "that is a mean"),
        (lambda u, v: dependence(u, u), "one kernel twice"),
        (lambda u, v: u * v, "yours is (12, 12)"),
        (lambda u, v: dependence(u, v) + 1, "the two kernels should give"),
    ],
)
def test_dependence(answer, words, capsys):
    chapter07.check_dependence(answer)
    assert words in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (noisy_step, "Correct."),
        (lambda w, g, rate, *rest: 2 * w - noisy_step(w, g, rate, *rest), "you walk up"),
        (lambda w, g, rate, *rest: noisy_step(w, g, 8 * rate, *rest), "divide by the number"),
        (lambda w, g, rate, norm, noise, random: w - rate * g.mean(dim=0), "before you add them up"),
        (lambda w, g, rate, norm, noise, random: w - rate * clip(g, norm).mean(dim=0), "the noise is missing"),
        (many_draws, "one draw for their sum"),
        (late_noise, "add it to the sum"),
        (doubled, "yours has 2.0"),
        (lambda w, g, *rest: g, "yours is (8, 4000)"),
        (lambda w, g, *rest: w, "without noise the step"),
    ],
)
def test_step_of_dp_sgd(answer, words, capsys):
    chapter07.check_step(answer)
    assert words in capsys.readouterr().out


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
