"""A trained prior that is told the class: what PLG-MI trains when it goes on from a generator that makes faces already.

The paper trains a conditional GAN from nothing for hours. Here each class adds a shift to the code, 0 at first, so that
before training every class is the prior's whole crowd.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mia_kit import check
from mia_kit.models.priors import DCGAN
from mia_kit.models.style_prior import StylePrior

# Steps of a shift relative to those of the other weights: a class gets gradients only from its own few images.
CLASS_RATE = 20.0


class ClassConditional(nn.Module):
    """The prior with a shift of the code for each class: a `ClassPrior` of PLG-MI.

    `prior` is taken over; its codes are as wide as its latents. `classes` must be at least 1, ValueError otherwise.
    """

    def __init__(self, prior: DCGAN | StylePrior, classes: int) -> None:
        super().__init__()
        self.prior, self.classes = prior, check.count("classes", classes)
        self.latent_size, self.image_size = prior.latent_size, prior.image_size
        self.shifts = nn.Parameter(torch.zeros(self.classes, self.latent_size))

    def map(self, latents: Tensor) -> Tensor:
        """Codes of shape (n, latent_size) of nobody in particular, for latents of that shape."""
        return self.prior.map(latents) + CLASS_RATE * self.shifts.mean(dim=0)

    def codes(self, latents: Tensor, classes: Tensor) -> Tensor:
        """Codes of the given classes, int64 of shape (n,)."""
        return self.prior.map(latents) + CLASS_RATE * self.shifts[classes]

    def synthesise(self, codes: Tensor) -> Tensor:
        """Images of shape (n, *image_size) in [-1, 1]."""
        return self.prior.synthesise(codes)

    def forward(self, codes: Tensor) -> Tensor:
        """The same as `synthesise`."""
        return self.synthesise(codes)
