"""The checks of chapters 0 to 5: a right answer is correct, each likely mistake is named, an error stops nothing.

Where no mistake needs a program of its own, the right answer is the package's: nbval runs the chapters' solutions.
"""

from functools import partial

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from mia_kit.access import WhiteBox
from mia_kit.attacks import Settings, run
from mia_kit.attacks.losses import poincare
from mia_kit.exercises import chapter00, chapter01, chapter02, chapter03, chapter04, chapter05
from mia_kit.metrics import scaled_distances
from mia_kit.smoothing import smoothed_targets
from mia_kit.toy import invert, load_table
from tests.exercises.speaking import said

USUAL = {"sampling": 0.0, "optimisation": 0.0, "selection": 0.0}


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


def ratio(features, labels):
    return scaled_distances(features, labels).mean_ratio


def sample(views):
    return lambda ask, images, people: torch.stack([ask(v(images)) for v in views]).mean(dim=0)[:, people].argmax(dim=0)


def step(value, sign=1):
    def answer(codes, loss_of, optimiser):
        (gradient,) = torch.autograd.grad(value(loss_of(codes)), codes)
        codes.grad = sign * gradient
        optimiser.step()

    return answer


def attack(steps_of=lambda steps: steps, scale=1.0):
    """The package's attack, run with other numbers than it was asked for."""

    def answer(target, prior, people, loss, *, pool, steps, rate, size, seed):
        settings = Settings(
            input_size=size, pool=pool, candidates=1, keep=1, steps=steps_of(steps), learning_rate=scale * rate
        )
        return run(WhiteBox(target), people, prior=prior, seed=seed, settings=settings, loss=loss, progress=False).codes

    return answer


def turns(g):
    lengths = np.linalg.norm(g, axis=1)
    return (g[1:] * g[:-1]).sum(axis=1) / (lengths[1:] * lengths[:-1])


def over_people(hits, draw, *, of_person=lambda hits: hits.mean(axis=1), ends=(0.025, 0.975)):
    people = draw.integers(len(hits), size=(2000, len(hits)))
    return np.quantile(of_person(hits)[people].mean(axis=1), ends)


def check_attack_01(settings):
    chapter01.check_attack(invert(load_table().model(0.3, 42), **settings))


CASES = {
    chapter00.check_attacker: [
        ("the network", "Correct."),
        ("the training points", "they never see the training points"),
        ("", "choose one of the three"),
    ],
    chapter00.check_distance: [
        (lambda end, points: (points - end).norm(dim=1).min(), "Correct."),
        (lambda end, points: (points.mean(dim=0) - end).norm(), "to the middle"),
        (lambda end, points: (points - end).norm(dim=1).mean(), "on average"),
        (lambda end, points: 0.0, "the nearest is"),
    ],
    check_attack_01: [
        ({"start": (0, 0)}, "Correct."),
        ({"max_steps": 200}, "Bring them nearer than 1"),
        ({"start": (9, 9)}, "cheats"),
        ({"target_class": 1, "max_steps": 200}, "attack class 2"),
    ],
    chapter01.check_ceiling: [(0.075, "Correct."), (0.05, "a perfect fit is 96.7% sure")],
    chapter01.check_invert: [
        (my_invert, "Correct."),
        (partial(my_invert, early=True), "one step early"),
        (partial(my_invert, sign=1, most=20), "uphill"),
        (partial(my_invert, most=0), "has not moved"),
        (partial(my_invert, most=10), "the attacker should stop at"),
        (lambda model, start, target_class: torch.zeros(2), "yours has the shape (2,)"),
    ],
    chapter01.check_targets: [
        (smoothed_targets, "Correct."),
        (lambda labels, classes, a: torch.eye(classes), "the shape should be (4, 3), yours is (3, 3)"),
        (lambda labels, classes, a: smoothed_targets(labels, classes, 0), "the labelled class should get 0.8000"),
        (lambda labels, classes, a: 1 / 0, "your code stopped with ZeroDivisionError"),
        (lambda labels, classes, a: 2 * smoothed_targets(labels, classes, a), "each row should sum to 1"),
    ],
    chapter02.check_ratio: [
        (ratio, "Correct."),
        (lambda x, y: 1 / ratio(x, y), "other way round"),
        (lambda x, y: ratio(x, y) * 5 / 6, "leave the diagonal out"),
        (lambda x, y: 0.5, "yours gives 0.500"),
    ],
    chapter02.check_scale: [("the same", "Correct."), ("larger", "all distances grow"), ("", 'choose "larger"')],
    chapter03.check_attack: [
        (attack(), "Correct."),
        (attack(lambda steps: 0), "codes of the start"),
        (attack(scale=0.5), "near, but off by"),
        (lambda target, prior, people, loss, **numbers: torch.randn(3, 100), "other starts"),
        (lambda target, prior, people, loss, **numbers: None, "return the codes"),
    ],
    chapter03.check_poincare: [
        (poincare, "Correct."),
        (lambda logits, targets: -poincare(logits, targets), "Turn the sign"),
        (lambda logits, targets: cross_entropy(logits, targets, reduction="none"), "that is cross-entropy"),
        (lambda logits, targets: poincare(logits, targets).mean(), "yours is ()"),
        (lambda logits, targets: torch.zeros(6), "the first image should have"),
    ],
    chapter03.check_sample: [
        (sample([lambda x: x, lambda x: x.flip(3)]), "Correct."),
        (sample([lambda x: x]), "mirror images too"),
        (sample([lambda x: x, lambda x: x.flip(2)]), "person 2 should begin from image 3"),
        (lambda ask, x, people: torch.minimum(ask(x), ask(x.flip(3)))[:, people].argmax(dim=0), "yours begins from"),
        (lambda ask, images, people: torch.tensor([1000, 1000]), "yours begins from image 1000"),
    ],
    chapter03.check_select: [
        (lambda confidences: confidences.mean(dim=2).argmax(dim=1), "Correct."),
        (lambda confidences: confidences.amax(dim=2).argmax(dim=1), "lucky crop"),
        (lambda confidences: confidences[:, :, 0].argmax(dim=1), "first view alone"),
        (lambda confidences: confidences.mean(dim=2).argmin(dim=1), "least convincing"),
    ],
    chapter03.check_step: [
        (step(torch.sum), "Correct."),
        (step(torch.sum, -1), "uphill"),
        (step(torch.mean), "you took the mean"),
        (lambda codes, loss_of, optimiser: (loss_of(codes).sum().backward(), optimiser.step()), "still in codes.grad"),
        (step(lambda losses: losses.sum(), 0), "did not move"),
    ],
    chapter04.check_swap: [
        (USUAL | {"selection": 0.1}, "Correct."),
        (USUAL, "must be done with the target at +0.1"),
        (dict.fromkeys(USUAL, 0.1), "only one stage"),
        ({}, "name all three"),
    ],
    chapter04.check_turns: [
        (turns, "Correct."),
        (lambda g: (g[1:] * g[:-1]).sum(axis=1), "divide by both lengths"),
        (lambda g: (g[1:] * g[:-1]).sum(axis=1) / (g[1:] ** 2).sum(axis=1), "square of one length"),
        (lambda g: 1 - turns(g), "cosine distance"),
        (lambda g: turns(g) + 0.1, "the first should be"),
    ],
    chapter05.check_advantage: [
        (lambda s, h: s.mean() / h.mean() - 1, "Correct."),
        (lambda s, h: s.mean() - h.mean(), "change in points"),
        (lambda s, h: (s / h).mean() - 1, "mean of ratios"),
        (lambda s, h: s.mean() / h.mean(), "take 1 away"),
        (lambda s, h: 7, "it should be 0.500"),
    ],
    chapter05.check_interval: [
        (over_people, "Correct."),
        (lambda h, d: np.quantile(d.choice(h.ravel(), size=(2000, h.size)).mean(axis=1), (0.025, 0.975)), "whole rows"),
        (partial(over_people, ends=(0.05, 0.95)), "that is a 90 % interval"),
        (partial(over_people, of_person=lambda hits: hits[:, 0]), "the first reconstruction of each person"),
        (partial(over_people, of_person=lambda hits: hits.max(axis=1)), "one lucky reconstruction"),
        (lambda h, d: over_people(h, d)[::-1], "in this order"),
        (lambda h, d: (h.mean() - h.mean(axis=1).std(), h.mean() + h.mean(axis=1).std()), "spread of people"),
        (lambda h, d: (0.0, 0.35), "about"),
    ],
}


test_checks = said(CASES)
