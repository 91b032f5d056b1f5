"""What every attack returns: images, where they came from, and how the optimisation went."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Trace:
    """The optimisation of m candidates over the steps; each a float Tensor of shape (steps, m).

    losses : before the step; NaN once a candidate is finished
    gradient_norms : 2-norm of the gradient by the code of each candidate; NaN in an attack without gradients
    gradient_cosines : cosine between this gradient and the one a step earlier; NaN at the first step
    """

    losses: Tensor
    gradient_norms: Tensor
    gradient_cosines: Tensor

    @classmethod
    def of_losses(cls, losses: Tensor) -> Trace:
        """The trace of an attack without gradients, of shape (steps, m); (0, m) if it has no loss either."""
        nothing = torch.full_like(losses, float("nan"))
        return cls(losses, nothing, nothing)


@dataclass(frozen=True, eq=False)
class Reconstructions:
    """The candidates of an attack, target after target, all on the CPU.

    images : Tensor of shape (m, channels, h, w) in [-1, 1], synthesised once, for every measure to use
    codes : Tensor of shape (m, ...), the codes they were synthesised from
    targets : int64 Tensor of shape (m,), the class each candidate aims at
    scores : Tensor of shape (m,), by which the attacker selects: mean confidence in the target under strong
        augmentation (Plug & Play), confidence in the target (MIRROR, Fredrikson), radius within which the label held
        (BREP-MI). NaN where the attack found nothing, or the model's answer or the image is not finite: see `reached`
    selected : bool Tensor of shape (m,), the best of each target; none of a target for which nothing was found
    trace : losses and gradients on the way
    queries : images that the target model was asked about
    film : Tensor of shape (f, m, ...), the codes after the numbers of steps that the settings name

    Whatever an attack hands over, a row that it did not reach is made blank and is not selected.
    """

    images: Tensor
    codes: Tensor
    targets: Tensor
    scores: Tensor
    selected: Tensor
    trace: Trace
    queries: int
    film: Tensor

    def __post_init__(self) -> None:
        failed = self.scores.isnan() | ~self.images.flatten(1).isfinite().all(dim=1)
        if failed.any():
            blanks = {"images": 0.0, "codes": float("nan"), "scores": float("nan"), "selected": False}
            for name, blank in blanks.items():
                rows = getattr(self, name).index_fill(0, failed.nonzero().squeeze(1), blank)
                object.__setattr__(self, name, rows)

    @property
    def reached(self) -> Tensor:
        """bool Tensor of shape (m,): False where the attack failed, the image is blank and the code NaN.

        A share of targets recognised counts such a row as a failure; a share of the selected leaves it out.
        """
        return ~self.scores.isnan()


def on_cpu(
    images: Tensor,
    codes: Tensor,
    targets: Tensor,
    scores: Tensor,
    *,
    trace: Trace,
    queries: int,
    selected: Tensor | None = None,
    film: Tensor | None = None,
) -> Reconstructions:
    """A result on the CPU. Without `selected` the attack makes one candidate of each class, and each is the best."""
    best = ~scores.isnan() if selected is None else selected
    film = codes.new_empty(0, *codes.shape) if film is None else film
    images, codes, targets, scores, best, film = (
        part.detach().cpu() for part in (images, codes, targets, scores, best, film)
    )
    return Reconstructions(images, codes, targets, scores, best, trace, queries, film)


def comparable(scores: Tensor) -> Tensor:
    """The scores to sort by: what is not a number comes last, where torch's maxima would take it for the best."""
    return scores.masked_fill(scores.isnan(), -torch.inf)
