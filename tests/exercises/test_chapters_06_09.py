"""The checks of chapters 6 to 9: a right answer is correct, each likely mistake is named."""

from functools import partial

import torch
from torch.nn.functional import cosine_similarity, cross_entropy, normalize

from mia_kit.attacks.adaptive_losses import Boundary
from mia_kit.attacks.brep import away_from_boundary
from mia_kit.attacks.losses import logit, margin
from mia_kit.defences.bido import normalised_hsic
from mia_kit.defences.mid import divergence
from mia_kit.defences.vectors import poisoned
from mia_kit.exercises import chapter06, chapter07, chapter08, chapter09
from tests.exercises.speaking import said


def by_sum(directions, inside):
    return normalize((torch.where(inside, 1, -1)[:, :, None] * directions).sum(dim=1), dim=1)


def clip(gradients, norm):
    return gradients * (norm / gradients.norm(dim=1, keepdim=True)).clamp(max=1)


def noisy_step(weights, gradients, rate, norm, noise, random):
    total = clip(gradients, norm).sum(dim=0)
    return weights - rate * (total + noise * norm * torch.randn(total.shape, generator=random)) / len(gradients)


def late_noise(weights, gradients, rate, norm, noise, random):
    moved = noisy_step(weights, gradients, rate, norm, 0, random)
    return moved - rate * noise * norm * torch.randn(moved.shape, generator=random)


def many_draws(weights, gradients, rate, norm, noise, random):
    drawn = clip(gradients, norm) + noise * norm * torch.randn(gradients.shape, generator=random)
    return weights - rate * drawn.mean(dim=0)


def tempered(logits, targets, temperature):
    return cross_entropy(logits / temperature, targets, reduction="none")


def boundary(logits, targets, weight):
    return Boundary(weight)(logits, targets)


def my_serve(clean, disturbance, *, least=0.001):
    label = clean.argmax(dim=1, keepdim=True)
    raw = (clean + disturbance).clamp_min(0)
    top = raw.gather(1, label).clamp_min(least)  # what the label keeps, however far it is pushed down
    capped = torch.minimum(raw, 0.999 * top).scatter(1, label, top)
    return capped / capped.sum(dim=1, keepdim=True)


def normalised(raw):
    return raw / raw.sum(dim=1, keepdim=True)


def my_poison(clean, wanted, gradient_of, bound, rounds=10, *, way=-1, turns=None):
    disturbance = torch.zeros_like(clean, requires_grad=True)
    for _ in range(rounds if turns is None else turns):
        served = poisoned(clean, disturbance, bound)
        loss = 1 - cosine_similarity(wanted, gradient_of(served), dim=0)
        (slope,) = torch.autograd.grad(loss, disturbance)
        disturbance = (disturbance + way * 0.1 * bound * slope.sign()).detach().requires_grad_()
    return poisoned(clean, disturbance, bound).detach()


CASES = {
    chapter06.check_direction: [
        (away_from_boundary, "Correct."),
        (lambda directions, inside: -away_from_boundary(directions, inside), "walks out of the class"),
        (lambda directions, inside: 2 * away_from_boundary(directions, inside), "normalise it to 1"),
        (by_sum, "their mean, not their sum"),
        (lambda d, inside: normalize((inside[:, :, None] * d).sum(dim=1), dim=1), "where it does not as well"),
        (lambda directions, inside: directions[:, 0], "take the mean"),
        (lambda directions, inside: directions, "the shape should be (6, 3), yours is (6, 40, 3)"),
    ],
    chapter06.check_margin: [
        (margin, "Correct."),
        (lambda logits, targets: -margin(logits, targets), "Turn the sign"),
        (lambda logits, targets: logits.amax(dim=1) + logit(logits, targets), "compare it with itself"),
        (logit, "that is the raw logit"),
        (lambda logits, targets: 2 * margin(logits, targets), "the first image should have"),
    ],
    chapter07.check_clip: [
        (clip, "Correct."),
        (lambda g, norm: g * norm / g.norm(dim=1, keepdim=True), "clipping never makes one longer"),
        (lambda g, norm: g.clamp(-norm, norm), "that turns the gradient"),
        (lambda g, norm: g * norm / g.norm(), "all gradients together"),
        (lambda g, norm: clip(g, 1.0), "should begin with 1.200, yours with 0.600"),
    ],
    chapter07.check_dependence: [
        (normalised_hsic, "Correct."),
        (lambda u, v: (u * v).sum(), "HSIC without its norm"),
        (lambda u, v: normalised_hsic(u, v) / 12, "that is a mean"),
        (lambda u, v: normalised_hsic(u, u), "one kernel twice"),
        (lambda u, v: normalised_hsic(u, v) + 1, "the two kernels should give"),
    ],
    chapter07.check_divergence: [
        (divergence, "Correct."),
        (lambda m, d: divergence(m, d) / 3, "add them up"),
        (lambda m, d: 2 * divergence(m, d), "a half before the bracket"),
        (lambda m, d: 0.5 * (m**2 + d**2 - 1).sum(dim=1), "the logarithm of the deviation is missing"),
        (lambda m, d: divergence(m, d) + 1, "the first picture should pay"),
    ],
    chapter07.check_step: [
        (noisy_step, "Correct."),
        (lambda w, g, rate, *rest: 2 * w - noisy_step(w, g, rate, *rest), "you walk up"),
        (lambda w, g, rate, *rest: noisy_step(w, g, 8 * rate, *rest), "divide by the number"),
        (lambda w, g, rate, norm, noise, random: w - rate * g.mean(dim=0), "before you add them up"),
        (lambda w, g, rate, norm, noise, random: w - rate * clip(g, norm).mean(dim=0), "the noise is missing"),
        (many_draws, "one draw for their sum"),
        (late_noise, "add it to the sum"),
        (lambda w, g, rate, norm, noise, random: noisy_step(w, g, rate, norm, 2 * noise, random), "yours has 2.0"),
        (lambda w, g, *rest: w, "without noise the step"),
        (lambda *given: noisy_step(*given[:-1], random=None), "the same generator should give the same step"),
    ],
    chapter08.check_boundary: [
        (boundary, "Correct."),
        (lambda x, y, w: margin(x, y), "that is the margin"),
        (lambda x, y, w: margin(x, y) / w[y].norm(dim=1), "the person's own row"),
        (lambda x, y, w: boundary(x, y, w).clamp_min(0), "leave it out"),
    ],
    chapter08.check_tempered: [
        (tempered, "Correct."),
        (lambda x, y, t: tempered(x, y, 1), "plain cross-entropy"),
        (lambda x, y, t: tempered(x, y, 1) / t, "you divided the loss"),
        (lambda x, y, t: tempered(x, y, 1 / t), "you multiplied"),
        (lambda x, y, t: tempered(x.softmax(dim=1), y, t), "divided the confidences"),
    ],
    chapter09.check_poison: [
        (my_poison, "Correct."),
        (partial(my_poison, turns=0), "nothing has moved it"),
        (partial(my_poison, way=1), "turn away from the wanted gradient"),
        (partial(my_poison, turns=1), "step by the sign of the slope, in every round"),
        (lambda clean, *_, rounds: clean.flip(1), "has another label"),
        (lambda clean, *_, rounds: (3 * clean).softmax(dim=1), "farther away than the bound"),
        (lambda clean, *_, rounds: clean[:1], "yours have the shape (1, 4)"),
    ],
    chapter09.check_serve: [
        (my_serve, "Correct."),
        (lambda clean, disturbance: normalised(clean + disturbance), "an entry is negative"),
        (lambda clean, disturbance: (clean + disturbance).clamp_min(0), "should sum to 1"),
        (lambda clean, disturbance: normalised((clean + disturbance).clamp_min(0)), "3 of 6 vectors have another"),
        (lambda clean, disturbance: (clean + disturbance).softmax(dim=1), "vectors have another label"),
        (lambda clean, disturbance: clean, "that is the clean vector"),
        (lambda clean, disturbance: my_serve(clean, 0.5 * disturbance), "the first vector needs nothing"),
        (partial(my_serve, least=0), "an entry is no number: where the label is pushed below 0"),
        (lambda clean, disturbance: my_serve(clean, disturbance)[:1], "yours have the shape (1, 4)"),
    ],
}


test_checks = said(CASES)
