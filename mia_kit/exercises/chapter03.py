"""Checks for the exercises of notebook 03: sample, lose, step, select, and all of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy

from mia_kit.access import WhiteBox
from mia_kit.attacks import Settings, run
from mia_kit.attacks.losses import Loss, poincare
from mia_kit.exercises import about_loss, compared, spoken
from mia_kit.models import DCGAN, Prior, SmallClassifier

Ask = Callable[[Tensor], Tensor]


@spoken
def check_sample(my_sample: Callable[[Ask, Tensor, Sequence[int]], Tensor]) -> str | None:
    """Exercise 1: for each person the image in which the target, shown it and its mirror image, is surest."""
    # in this draw the greatest mean, product and least of the two are in different images
    images = torch.randn(40, 1, 5, 4, generator=Generator().manual_seed(16613))
    people = [2, 0]
    plain, mirrored = _confidences(images)[:, people], _confidences(images.flip(3))[:, people]
    right, unsure = ((plain + mirrored) / 2).argmax(dim=0), (plain + mirrored).argmin(dim=0)
    wrong = {
        "you asked about the images alone: ask about their mirror images too, and take the mean.": plain.argmax(dim=0),
        "you have the images, but not for these people in this order, or the least sure ones.": (right.flip(0), unsure),
    }
    rest = "person 2 should begin from image {}, yours begins from image {}."
    mine = torch.as_tensor(my_sample(_confidences, images, people))
    return compared(mine, right, wrong, rest, shape="two people get one image each")


@spoken
def check_poincare(my_poincare: Loss) -> str | None:
    """Exercise 2: the Poincare distance between the logits, scaled to length 1, and the person."""
    logits = 3 * torch.randn(6, 5, generator=Generator().manual_seed(0))
    targets = torch.tensor([0, 1, 2, 3, 4, 0])
    right = poincare(logits, targets)
    u = logits / logits.norm(dim=1, keepdim=True)
    v = torch.eye(5)[targets] - 1e-4 * torch.eye(5)[targets]
    scaled = logits / logits.abs().sum(dim=1, keepdim=True)
    wrong = {
        "that is cross-entropy: follow the formula above.": cross_entropy(logits, targets, reduction="none"),
        "scale the logits by the sum of their sizes, |u| in the 1-norm.": _ratio(u * (1 - 1e-4), v).acosh(),
        "that is the distance in the plane: the denominator and arccosh are missing.": (
            (scaled - v).square().sum(dim=1)
        ),
        "u are the logits divided by their length, not the confidences.": _ratio(logits.softmax(dim=1), v).acosh(),
        "arccosh is missing.": _ratio(scaled, v),
    }
    return about_loss(my_poincare(logits, targets), right, wrong)


@spoken
def check_step(my_step: Callable[[Tensor, Callable[[Tensor], Tensor], torch.optim.Optimizer], None]) -> str | None:
    """Exercise 3: steps of the optimiser along the gradient of the sum of all losses; two, as each needs its own."""
    start = torch.randn(4, 3, generator=Generator().manual_seed(0))
    codes = start.clone().requires_grad_()
    optimiser = torch.optim.SGD([codes], lr=0.1)
    for _ in range(2):
        my_step(codes, lambda batch: batch.square().sum(dim=1), optimiser)
    wrong = {
        "the codes did not move: take the gradient, put it into codes.grad, and call optimiser.step().": start,
        "you walked uphill: the attacker minimises the loss.": 1.2**2 * start,
        "the gradient of the first step is still in codes.grad at the second: empty it first.": 0.44 * start,
        "you took the mean: with more people each would move less. Take the sum of the losses.": 0.95**2 * start,
    }
    return compared(codes, 0.8**2 * start, wrong, "after two steps the first number should be {:.3f}, yours is {:.3f}.")


@spoken
def check_select(my_select: Callable[[Tensor], Tensor]) -> str | None:
    """Exercise 4: the candidate of each person with the greatest mean confidence over its views."""
    confidences = torch.rand(5, 4, 10, generator=Generator().manual_seed(0))  # (people, candidates, views)
    confidences[:, 1, 3] = 0.999  # one lucky view
    means = confidences.mean(dim=2)
    wrong = {
        "the greatest view rewards a lucky crop: take the mean over the views.": confidences.amax(dim=2).argmax(dim=1),
        "you looked at the first view alone: take the mean over all of them.": confidences[:, :, 0].argmax(dim=1),
        "that is the least convincing candidate.": means.argmin(dim=1),
    }
    rest = "of the first person it should be candidate {}, yours is {}."
    mine = torch.as_tensor(my_select(confidences))
    return compared(mine, means.argmax(dim=1), wrong, rest, shape="five people have one candidate each")


@spoken
def check_attack(my_attack: Callable[..., Tensor]) -> str | None:
    """Exercise 5: the whole attack gives the codes of `mia_kit.attacks.run`, for the same seed, to rounding."""
    target, prior = SmallClassifier(3, 6, seed=11, width=4).eval(), DCGAN(width=4).eval().requires_grad_(False)
    target.head.weight.data *= 1000  # else the best of the pool is a tie that rounding decides
    numbers = {"pool": 40, "steps": 6, "rate": 0.02, "size": (32, 32), "seed": 3}
    mine = my_attack(target, prior, [4, 1, 2], poincare, **numbers)
    if not isinstance(mine, Tensor) or mine.shape != (3, 100):
        return f"return the codes, of shape (3, 100) here, yours are {getattr(mine, 'shape', type(mine).__name__)}."
    right, start = (_package(target, prior, [4, 1, 2], steps=steps) for steps in (6, 0))
    off = float((mine - right).abs().max())
    if off < 1e-4:
        return None
    if torch.allclose(mine, start, atol=1e-6):
        return "these are the codes of the start: step through the optimiser."
    if off < 0.2:
        return f"near, but off by {off:.2g}: crops[step] at each step, betas (0.1, 0.1), the sum of the losses?"
    return "you walk from other starts: take the best of the pool for each person, by image and mirror image."


def _package(target: SmallClassifier, prior: Prior, people: list[int], *, steps: int) -> Tensor:
    settings = Settings(
        input_size=(32, 32), pool=40, candidates=1, keep=1, steps=steps, learning_rate=0.02, selection_views=1
    )
    return run(WhiteBox(target), people, prior=prior, seed=3, settings=settings, loss=poincare, progress=False).codes


def _ratio(u: Tensor, v: Tensor) -> Tensor:
    """What the distance is arccosh of."""
    room = ((1 - u.square().sum(dim=1)) * (1 - v.square().sum(dim=1))).clamp_min(1e-10)
    return 1 + 2 * (u - v).square().sum(dim=1) / room


def _confidences(images: Tensor) -> Tensor:
    """A stand-in for a target: three classes, different for each side of a picture."""
    weights = torch.randn(20, 3, generator=Generator().manual_seed(1))
    return (images.flatten(1) @ weights).softmax(dim=1)
