"""Training a decoder on pairs of confidence vector and picture, for an attacker and for a defender's substitute alike.

The loss is the mean squared error, or the peak signal-to-noise ratio in decibels with its sign turned. Adam is that of
Yang, Chang and Liang (CCS 2019): 2e-4, betas (0.5, 0.999), AMSGrad, batches of 128, 100 epochs; theirs has no schedule,
`fit` divides the rate by ten after three quarters and nine tenths of the epochs.

A decoder can collapse: it makes one picture of all vectors and learns no more. A defence would get the credit, so
`train_decoder` looks for it and begins anew with another seed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mia_kit import check
from mia_kit.models.batches import in_batches
from mia_kit.models.decoder import InversionDecoder
from mia_kit.training.fit import FitResult, fit
from mia_kit.training.seeds import turn_seed

# Pixels lie in [-1, 1]. The ratio of a perfect picture would be infinite; the least error is 136 decibels.
PEAK, LEAST_ERROR = 2.0, 1e-13
ERRORS = ("mse", "psnr")
# A collapsed decoder's pictures vary by less than this share of the variance of the pictures it was to make.
COLLAPSED = 0.005
TRIES = 4


class CollapsedDecoderWarning(UserWarning):
    """A decoder makes one picture of all vectors."""


def picture_errors(made: Tensor, images: Tensor, error: str = "mse") -> Tensor:
    """One error for each picture, of shape (n,), with gradients: what decoders minimise.

    `made` and `images` have one shape (n, channels, h, w), in [-1, 1]. The error is "mse", the mean squared error over
    the pixels, or "psnr", 10 log10(mse / 4), minus the ratio in decibels.
    """
    check.floats("made", made, ("n", "channels", "h", "w"))
    check.floats("images", images, made.shape)
    check.one_of("error", error, ERRORS)
    squared = (made - images).square().mean(dim=(1, 2, 3))  # (n,)
    if error == "mse":
        return squared
    return 10 * torch.log10((squared + LEAST_ERROR) / PEAK**2)


@dataclass(frozen=True)
class ReconstructionObjective:
    """The mean error of a batch, an objective for `fit` with pictures, and confidence vectors in place of labels."""

    error: str = "mse"

    def __post_init__(self) -> None:
        check.one_of("error", self.error, ERRORS)

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, epoch: int) -> Tensor:
        """`labels` are the confidences, of shape (n, classes)."""
        return picture_errors(model(labels), images, self.error).mean()


def denoising(model: nn.Module, images: Tensor, labels: Tensor, epoch: int) -> Tensor:
    """The mean squared error of the noise that a `DiffusionDecoder` finds, an objective as the one above."""
    return model.noise_errors(images, labels).mean()  # type: ignore[operator]


def decoder_adam(parameters: Iterable[nn.Parameter], lr: float) -> torch.optim.Optimizer:
    """Adam as Yang et al. set it."""
    return torch.optim.Adam(parameters, lr=lr, betas=(0.5, 0.999), amsgrad=True)


def fit_decoder(
    decoder: InversionDecoder,
    confidences: Tensor,
    images: Tensor,
    *,
    seed: int,
    error: str = "mse",
    epochs: int = 100,
    batch_size: int = 128,
    learning_rate: float = 2e-4,
    checkpoint: Path | None = None,
    progress: bool = True,
) -> FitResult:
    """Train `decoder` in place to make `images` (n, channels, size, size) in [-1, 1] of their `confidences`.

    Confidences are finite, of shape (n, classes). Other arguments, warnings and errors are those of `fit`.
    """
    check.images(images)
    check.floats("confidences", confidences, (len(images), "classes"))
    check.finite("confidences", confidences)
    return fit(
        decoder,
        images,
        confidences,
        seed=seed,
        objective=ReconstructionObjective(error),
        optimiser=decoder_adam,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        checkpoint=checkpoint,
        progress=progress,
    )


@dataclass(frozen=True, eq=False)
class TrainedDecoder:
    """A decoder in evaluation mode, and all seeds that were tried; every one but the last collapsed."""

    decoder: InversionDecoder
    seeds: tuple[int, ...]


def train_decoder(
    fresh: Callable[[int], InversionDecoder],
    confidences: Tensor,
    images: Tensor,
    *,
    seed: int,
    tries: int = TRIES,
    checkpoint: Path | None = None,
    **settings: Any,
) -> TrainedDecoder:
    """`fit_decoder` of one seed after another until a decoder does not collapse; `settings` are its other arguments.

    fresh : seed -> an untrained decoder, on the device of `confidences` and `images`
    seed : of the first try; those of the others depend on it and are no neighbours of it
    tries : at least 1; of vectors that are all alike the first one is taken, as no decoder could tell them apart
    checkpoint : of the first try; others have files of their own beside it

    Warns with a CollapsedDecoderWarning for each decoder that collapsed. If all did, this is no attack, and its error
    says nothing of a defence.
    """
    tries = check.count("tries", tries)
    seeds = [seed, *(turn_seed(seed + 1, attempt) for attempt in range(1, tries))]
    for attempt, seed_of_try in enumerate(seeds):
        decoder = fresh(seed_of_try)
        file = checkpoint.with_name(f"{checkpoint.name}_{attempt}") if checkpoint and attempt else checkpoint
        fit_decoder(decoder, confidences, images, seed=seed_of_try, checkpoint=file, **settings)
        if not has_collapsed(decoder, confidences, images):
            break
        warnings.warn(
            f"the decoder of seed {seed_of_try} makes one picture of all vectors, try {attempt + 1} of {tries}",
            CollapsedDecoderWarning,
            stacklevel=2,
        )
    return TrainedDecoder(decoder, tuple(seeds[: attempt + 1]))


def has_collapsed(decoder: InversionDecoder, confidences: Tensor, images: Tensor) -> bool:
    """Whether different vectors make one picture, measured by the variance of `images`, or pictures of no numbers."""
    if not (confidences != confidences[:1]).any():
        return False
    made = in_batches(decoder, confidences)
    return not bool(made.var(dim=0).mean() >= COLLAPSED * images.var(dim=0).mean())  # NaN is no variance either
