"""The checks of chapter 3 speak: each usual mistake is told apart."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from mia_kit.access import WhiteBox
from mia_kit.attacks import Settings, run
from mia_kit.attacks.losses import poincare
from mia_kit.exercises import chapter03


@pytest.fixture
def says(capsys):
    """Runs a check and gives what it printed."""

    def run(check, answer):
        check(answer)
        return capsys.readouterr().out.strip()

    return run


def sample(views):
    return lambda ask, images, people: torch.stack([ask(v(images)) for v in views]).mean(dim=0)[:, people].argmax(dim=0)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (sample([lambda x: x, lambda x: x.flip(3)]), "Correct."),
        (sample([lambda x: x]), "mirror images too"),
        (lambda ask, images, people: torch.arange(40), "yours is (40,)"),
        (lambda ask, images, people: torch.tensor([1000, 1000]), "yours begins from image 1000"),
    ],
)
def test_sample(says, answer, words):
    assert words in says(chapter03.check_sample, answer)


def plane(logits, targets):
    u = logits / logits.abs().sum(dim=1, keepdim=True)
    v = torch.nn.functional.one_hot(targets, logits.shape[1]) * (1 - 1e-4)
    return (u - v).square().sum(dim=1)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (poincare, "Correct."),
        (lambda logits, targets: -poincare(logits, targets), "Turn the sign"),
        (lambda logits, targets: cross_entropy(logits, targets, reduction="none"), "that is cross-entropy"),
        (lambda logits, targets: poincare(logits, targets).mean(), "yours is ()"),
        (plane, "distance in the plane"),
        (lambda logits, targets: torch.zeros(6), "the first image should have"),
    ],
)
def test_poincare(says, answer, words):
    assert words in says(chapter03.check_poincare, answer)


def step(value, sign=1):
    def answer(codes, loss_of, optimiser):
        (gradient,) = torch.autograd.grad(value(loss_of(codes)), codes)
        codes.grad = sign * gradient
        optimiser.step()

    return answer


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (step(torch.sum), "Correct."),
        (step(torch.sum, -1), "uphill"),
        (step(torch.mean), "you took the mean"),
        (step(lambda losses: losses.sum(), 0), "did not move"),
    ],
)
def test_step(says, answer, words):
    assert words in says(chapter03.check_step, answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda confidences: confidences.mean(dim=2).argmax(dim=1), "Correct."),
        (lambda confidences: confidences.amax(dim=2).argmax(dim=1), "lucky crop"),
        (lambda confidences: confidences[:, :, 0].argmax(dim=1), "first view alone"),
        (lambda confidences: confidences.mean(dim=2).argmin(dim=1), "least convincing"),
        (lambda confidences: confidences.mean(dim=2), "yours is (5, 4)"),
    ],
)
def test_select(says, answer, words):
    assert words in says(chapter03.check_select, answer)


def attack(steps_of=lambda steps: steps, scale=1.0):
    """The package's attack, run with other numbers than it was asked for."""

    def answer(target, prior, people, loss, *, pool, steps, rate, size, seed):
        settings = Settings(
            input_size=size, pool=pool, candidates=1, keep=1, steps=steps_of(steps), learning_rate=scale * rate
        )
        return run(WhiteBox(target), people, prior=prior, seed=seed, settings=settings, loss=loss, progress=False).codes

    return answer


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (attack(), "Correct."),
        (attack(lambda steps: 0), "codes of the start"),
        (attack(scale=0.5), "near, but off by"),
        (lambda target, prior, people, loss, **numbers: torch.randn(3, 100), "other starts"),
        (lambda target, prior, people, loss, **numbers: None, "return the codes"),
    ],
)
def test_attack(says, answer, words):
    assert words in says(chapter03.check_attack, answer)
