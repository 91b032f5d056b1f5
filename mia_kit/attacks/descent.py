"""What a descent leaves behind, and the loop of GMI, KED-MI and PLG-MI, whose losses are more than a line.

Plug & Play and MIRROR have loops of their own, with the loss written out in them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity
from tqdm.auto import tqdm

from mia_kit import check


class Recorder:
    """Fills a trace of `steps` steps and `count` candidates as an optimisation goes on."""

    def __init__(self, steps: int, count: int) -> None:
        self.values = torch.full((3, steps, count), float("nan"))
        self._previous: Tensor | None = None

    def note(self, step: int, losses: Tensor, gradient: Tensor, rows: Tensor | None = None) -> None:
        """Losses of shape (n,) and their gradient of shape (n, ...) at `step`, of all candidates or those in `rows`."""
        rows = torch.arange(len(losses)) if rows is None else rows
        flat = gradient.flatten(1)
        if self._previous is None:
            self._previous = flat.new_full((self.values.shape[2], flat.shape[1]), float("nan"))
        # PyTorch's cosine counts a length under 1e-8 as 1e-8, and under negative smoothing gradients are far shorter.
        directions = flat / flat.abs().amax(dim=1, keepdim=True)
        cosines = cosine_similarity(directions, self._previous[rows], dim=1)
        self.values[:, step, rows] = torch.stack([losses.detach(), flat.norm(dim=1), cosines]).float().cpu()
        self._previous[rows] = directions


def descend(
    variables: Sequence[Tensor],
    losses: Callable[[int], Tensor],
    optimiser: torch.optim.Optimizer,
    steps: int,
    *,
    bar: tqdm,
    after_step: Callable[[], None] | None = None,
) -> Tensor:
    """Optimise `variables`, each of shape (n, ...), in place.

    `losses` gives the loss of each search, of shape (n,), for the number of a step. Returns losses, gradient norms and
    cosines of successive gradients, of shape (3, steps, n).
    """
    count = len(variables[0])
    recorder = Recorder(steps, count)
    for step in range(steps):
        each = losses(step)
        check.shape("losses, one a search,", each, (count,))
        gradients = torch.autograd.grad(each.sum(), variables)
        for variable, gradient in zip(variables, gradients, strict=True):
            variable.grad = gradient
        optimiser.step()
        if after_step:
            after_step()
        recorder.note(step, each, torch.cat([gradient.flatten(1) for gradient in gradients], dim=1))
        bar.update(count)
    return recorder.values
