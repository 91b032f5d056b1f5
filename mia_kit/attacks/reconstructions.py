"""What every attack returns: images, where they came from, and how the optimisation went."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class Trace:
    """The optimisation of m candidates over the steps; each a float Tensor of shape (steps, m).

    losses : before the step
    gradient_norms : 2-norm of the gradient by the code of each candidate
    gradient_cosines : cosine between this gradient and the one a step earlier; NaN at the first step
    """

    losses: Tensor
    gradient_norms: Tensor
    gradient_cosines: Tensor


@dataclass(frozen=True, eq=False)
class Reconstructions:
    """The candidates of an attack, target after target.

    images : Tensor of shape (m, channels, h, w) in [-1, 1], synthesised once, for every measure to use
    codes : Tensor of shape (m, ...), the codes they were synthesised from
    targets : int64 Tensor of shape (m,), the class each candidate aims at
    start_latents : int64 Tensor of shape (m,), places in the pool of latents the optimisation began from
    scores : Tensor of shape (m,), mean confidence in the target under strong augmentation, by which one selects
    selected : bool Tensor of shape (m,), the best of each target
    trace : losses and gradients on the way
    queries : images that the target model was asked about
    film : Tensor of shape (f, m, ...), the codes after the numbers of steps that the settings name
    """

    images: Tensor
    codes: Tensor
    targets: Tensor
    start_latents: Tensor
    scores: Tensor
    selected: Tensor
    trace: Trace
    queries: int
    film: Tensor
