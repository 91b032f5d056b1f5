"""Checks for the exercises of notebook 07."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor
from torch.nn.functional import one_hot

from mia_kit.defences.bido import gaussian_kernel, linear_kernel, normalised_hsic
from mia_kit.defences.mid import divergence
from mia_kit.exercises import compared, spoken


@spoken
def check_divergence(my_divergence: Callable[[Tensor, Tensor], Tensor]) -> str | None:
    """Exercise 1: what MID pays for the code of a picture, in nats."""
    random = Generator().manual_seed(0)
    mean, deviation = torch.randn(4, 3, generator=random), 0.2 + torch.rand(4, 3, generator=random)
    right = divergence(mean, deviation)
    wrong = {
        "that is the mean over the numbers of the code: every number has its price, so add them up.": right / 3,
        "twice too much: there is a half before the bracket.": 2 * right,
        "a code without noise should cost infinitely much: the logarithm of the deviation is missing.": (
            0.5 * (mean.square() + deviation.square() - 1).sum(dim=1)
        ),
    }
    mine, rest = my_divergence(mean, deviation), "the first picture should pay {:.3f} nats, yours pays {:.3f}."
    return compared(mine, right, wrong, rest, shape="four pictures have four prices", near=1e-4)


@spoken
def check_dependence(my_dependence: Callable[[Tensor, Tensor], Tensor]) -> str | None:
    """Exercise 2: the normalised HSIC of two centred kernel matrices."""
    rows = torch.randn(12, 3, generator=Generator().manual_seed(0)).double()
    first, second = gaussian_kernel(rows), linear_kernel(one_hot(torch.arange(12) % 3).double())
    right, plain = normalised_hsic(first, second), (first * second).sum()
    twice = (normalised_hsic(first, first), normalised_hsic(second, second))
    wrong = {
        "that is HSIC without its norm: it shrinks with the layer. Turn each kernel into its R first.": plain,
        "that is a mean: add all products up.": (right / 12, right / 144),
        "you took one kernel twice: multiply the R of the first by the R of the second.": twice,
    }
    rest, shape = "the two kernels should give {:.3f}, yours give {:.3f}.", "two layers have one number in common"
    near = float(1e-3 * right.abs())
    return compared(my_dependence(first, second), right, wrong, rest, shape=shape, near=near)


@spoken
def check_clip(my_clip: Callable[[Tensor, float], Tensor]) -> str | None:
    """Exercise 3: each row shortened to a norm, and left alone if it is shorter."""
    gradients = torch.tensor([[3.0, 4.0, 0.0], [0.1, 0.0, 0.2], [-6.0, 0.0, 8.0]])
    right = torch.tensor([[1.2, 1.6, 0.0], [0.1, 0.0, 0.2], [-1.2, 0.0, 1.6]])
    each = gradients * 2 / gradients.norm(dim=1, keepdim=True)
    wrong = {
        "the second gradient was short enough: clipping never makes one longer.": each,
        "you cut each number: that turns the gradient. Shorten the whole row by one factor.": gradients.clamp(-2, 2),
        "you took the norm of all gradients together: each picture has its own, and its own factor.": (
            gradients * 2 / gradients.norm()
        ),
    }
    rest = "the first gradient should begin with {:.3f}, yours with {:.3f}."
    return compared(my_clip(gradients, 2.0), right, wrong, rest, shape="three gradients stay three")


@spoken
def check_step(my_step: Callable[[Tensor, Tensor, float, float, float, Generator], Tensor]) -> str | None:
    """Exercise 4: a step along the clipped, noisy mean of eight gradients."""
    gradients = 0.1 * torch.randn(8, 4000, generator=Generator().manual_seed(0))  # each about 6 long
    weights, rate, norm = torch.ones(4000), 0.5, 2.0

    def move(noise: float) -> Tensor:
        return my_step(weights, gradients, rate, norm, noise, Generator().manual_seed(1)) - weights

    still = move(0.0)
    clipped = gradients * (norm / gradients.norm(dim=1, keepdim=True)).clamp(max=1)
    wrong = {
        "you walk up the loss: take the step away from the weights.": rate * clipped.mean(dim=0),
        "you added the gradients up: divide by the number of photographs.": -rate * clipped.sum(dim=0),
        "clip each photograph's gradient before you add them up.": -rate * gradients.mean(dim=0),
    }
    rest = "without noise the step should be the rate times the mean of the clipped gradients."
    right, shape = -rate * clipped.mean(dim=0), "the weights keep their shape"
    if words := compared(still, right, wrong, rest, shape=shape, near=1e-6):
        return words
    noisy = move(3.0)
    if not torch.equal(noisy, move(3.0)):
        return "the same generator should give the same step: draw with torch.randn(..., generator=random)."
    spread = float((noisy - still).std()) / (rate * 3.0 * norm / 8)  # in units of what it should be
    if abs(spread - 1) < 0.1:
        return None
    if spread < 0.01:
        return "the noise is missing: add noise * norm * torch.randn(..., generator=random) to the sum."
    if abs(spread - 8**0.5) < 0.3:
        return "you drew noise for each photograph: one draw for their sum is enough."
    if abs(spread - 8) < 1:
        return "you added the noise after dividing: add it to the sum."
    return f"the noise on the sum should have the deviation noise * norm, yours has {spread:.2f} times that."
