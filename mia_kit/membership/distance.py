"""Distance-to-confident: how far is an image from one of which the model is confident that it has its own label?

Kaya, Hong and Dumitras, *On the Effectiveness of Regularization Against Membership Inference Attacks* (2020), name the
measure; the paper's details are not public, so the definition is ours: the least l2 norm of a change of the image after
which the confidence in its own label is at least t. Members should need less, also where attacks on losses fail. An
image of which the model is confident already has a distance below 0, minus the change after which it is no longer.

The search is the fast minimum-norm attack (Pintor et al., NeurIPS 2021): a step along the gradient, then back to a ball
around the image, which shrinks where the change has crossed the border and grows where it has not. A binary search on
the line from the image then ends on the border itself. The length is an upper bound: a shorter change may exist.
Changed images may leave [-1, 1].
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from tqdm.auto import tqdm

from mia_kit import check
from mia_kit.access import WhiteBox
from mia_kit.membership.verdicts import log_odds
from mia_kit.signatures import checked

HALVINGS = 20
# From the first step to the last, on a cosine: a step as a share of the longest, and the share by which a ball changes.
STEP_LENGTHS = (1.0, 0.01)
GROWTHS = (0.05, 0.001)


@checked
def run(
    access: WhiteBox,
    images: Tensor,
    labels: Tensor,
    *,
    confidence: float = 0.99,
    steps: int = 40,
    longest_step: float = 1.0,
    batch_size: int = 128,
    progress: bool = False,
) -> Tensor:
    """The distance of each image from being confidently its own label, of shape (n,); gradients are needed.

    Below 0 where the model was confident already; infinite, of the same sign, where no change crossed the border.

    images : Tensor of shape (n, channels, h, w) in [-1, 1]
    labels : int64 Tensor of shape (n,), in [0, classes)
    confidence : t, in (0, 1)
    steps : gradients taken for each image
    longest_step : length of the first step; later ones fall to a hundredth, so that half of steps * longest_step is as
        far as the search goes
    """
    check.images(images)
    check.labels(labels, classes=None, length=len(images))
    confidence = check.in_range("confidence", confidence, 0, 1, open_ends="both")
    steps, batch_size = check.count("steps", steps), check.count("batch_size", batch_size)
    longest_step = check.in_range("longest_step", longest_step, 0, open_ends="low")
    level = math.log(confidence / (1 - confidence))
    distances = []
    batches = list(zip(images.split(batch_size), labels.split(batch_size), strict=True))
    for batch, named in tqdm(batches, disable=not progress, desc="distance to confident", unit="batch"):
        batch, named = batch.to(access.device), named.to(access.device)
        with torch.no_grad():
            side = torch.where(_Border(access, named, level, torch.ones_like(named)).lead(batch) >= 0, -1, 1)
        change = _nearest(_Border(access, named, level, side), batch, steps, longest_step)
        distances.append((side * _length(change.to(images.dtype))).cpu())
    return torch.cat(distances)


@dataclass(frozen=True, eq=False)
class _Border:
    """Where the model has just the wanted confidence, whose log p / (1 - p) is `level`, in the labels of n images.

    side : int Tensor of shape (n,), 1 to cross it towards more confidence, -1 to cross it towards less
    """

    access: WhiteBox
    labels: Tensor
    level: float
    side: Tensor

    def lead(self, images: Tensor) -> Tensor:
        """How far log p / (1 - p) of each own label lies beyond the border: shape (n,), at least 0 once across."""
        lead = self.side * (log_odds(self.access.logits(images), self.labels) - self.level)
        check.finite("the model's log odds", lead)
        return lead

    def lead_and_gradient(self, images: Tensor) -> tuple[Tensor, Tensor]:
        images = images.detach().requires_grad_()
        lead = self.lead(images)
        (gradient,) = torch.autograd.grad(lead.sum(), images)
        check.finite("their gradient", gradient)
        return lead.detach(), gradient


def _nearest(border: _Border, images: Tensor, steps: int, longest_step: float) -> Tensor:
    """The shortest change found for each image that crosses the border; infinite where none was."""
    change, radius = torch.zeros_like(images), torch.full((len(images),), torch.inf, device=images.device)
    best = torch.full_like(images, torch.inf)
    for step in range(steps):
        lead, gradient = border.lead_and_gradient(images + change)
        best = _shorter(best, change, lead >= 0)
        radius = _ball(radius, change, best, lead, gradient, _between(GROWTHS, step, steps))
        pace = longest_step * _between(STEP_LENGTHS, step, steps)
        change = change + pace * gradient / _wide(_length(gradient).clamp_min(1e-30))
        change = change * _wide((radius / _length(change).clamp_min(1e-30)).clamp(max=1))
    with torch.no_grad():
        best = _shorter(best, change, border.lead(images + change) >= 0)
        return _shortened(border, images, best)


def _ball(radius: Tensor, change: Tensor, best: Tensor, lead: Tensor, gradient: Tensor, growth: float) -> Tensor:
    """The radius for the next step, of shape (n,): that of a change across the border shrinks, another's grows.

    Where nothing was found yet, it reaches a little beyond where the border would be if the lead were linear from here:
    on a convex lead it would come nearer for ever and never cross.
    """
    length, shortest = _length(change), _length(best)
    linear = length + (1 + growth) * lead.abs() / _length(gradient)
    grown = torch.where(shortest.isfinite(), torch.minimum(radius * (1 + growth), shortest), linear)
    return torch.where(lead >= 0, torch.minimum(radius, length) * (1 - growth), grown)


def _between(ends: tuple[float, float], step: int, steps: int) -> float:
    first, last = ends
    return last + (first - last) * (1 + math.cos(math.pi * step / steps)) / 2


def _length(changes: Tensor) -> Tensor:
    return changes.flatten(1).norm(dim=1)


def _wide(numbers: Tensor) -> Tensor:
    """Of shape (n, 1, 1, 1), to act on images."""
    return numbers[:, None, None, None]


def _shorter(best: Tensor, change: Tensor, crossed: Tensor) -> Tensor:
    """The better of two changes, row by row."""
    better = crossed & (_length(change) < _length(best))
    return torch.where(_wide(better), change, best)


def _shortened(border: _Border, images: Tensor, best: Tensor) -> Tensor:
    """Binary search on the line from each image to its changed one: the upper end is always across the border."""
    reached = _length(best).isfinite()
    line = torch.where(_wide(reached), best, 0)
    low, high = torch.zeros(len(images), device=images.device), torch.ones(len(images), device=images.device)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        crossed = border.lead(images + _wide(middle) * line) >= 0
        low, high = torch.where(crossed, low, middle), torch.where(crossed, middle, high)
    return torch.where(_wide(reached), _wide(high) * line, torch.inf)
