"""The style-based prior and its discriminator as what KED-MI and PLG-MI train on: they begin as they are, and go on.

A GAN of faces takes a GPU hours. The papers train one from nothing for each target; here an attacker continues one
that already makes faces, on what the target says of public photographs. At the first step each network answers as the
one that it was made from: the new layers add nothing yet.

Rates are ours: a class's numbers get a gradient only from its own images, a few in each hundred, and would stay where
they are at the step length of the other weights.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from mia_kit import check
from mia_kit.models.style_prior import Discriminator, StylePrior

# Steps of the numbers of a class relative to those of the other weights.
CLASS_RATE = 20.0


class ClassStylePrior(nn.Module):
    """The prior with a shift of the style for each class: PLG-MI's generator, a `ClassPrior`.

    A code is a style. `prior` is taken over; `classes` must be at least 1, ValueError otherwise.
    """

    latent_size = StylePrior.latent_size
    image_size = StylePrior.image_size

    def __init__(self, prior: StylePrior, classes: int) -> None:
        super().__init__()
        self.prior, self.classes = prior, check.count("classes", classes)
        self.shifts = nn.Parameter(torch.zeros(self.classes, self.latent_size))

    def map(self, latents: Tensor) -> Tensor:
        """Styles of shape (n, 128) of nobody in particular, for latents of that shape."""
        return self.prior.map(latents) + CLASS_RATE * self.shifts.mean(dim=0)

    def codes(self, latents: Tensor, classes: Tensor) -> Tensor:
        """Styles of the given classes, int64 of shape (n,)."""
        return self.prior.map(latents) + CLASS_RATE * self.shifts[classes]

    def synthesise(self, codes: Tensor) -> Tensor:
        """Images of shape (n, 3, 64, 64) for styles of shape (n, 128)."""
        return self.prior.synthesise(codes)

    def forward(self, codes: Tensor) -> Tensor:
        """The same as `synthesise`."""
        return self.synthesise(codes)


class StyleClassDiscriminator(nn.Module):
    """Logits of K classes against a fixed logit of 0 for "fake", as `ClassDiscriminator`: KED-MI's.

    Each begins at the discriminator's verdict less log K, so that all together say "real" as surely as it did.
    """

    def __init__(self, discriminator: Discriminator, classes: int) -> None:
        super().__init__()
        classes = check.count("classes", classes)
        self.trunk = discriminator
        verdict = discriminator.verdict
        self.head = nn.Linear(verdict.weight.shape[1], classes)
        with torch.no_grad():
            self.head.weight.copy_(verdict.weight * verdict.scale)
            self.head.bias.copy_(verdict.bias * verdict.rate - math.log(classes))

    def features(self, images: Tensor) -> Tensor:
        """Activations of shape (n, d) below the logits."""
        return self.trunk.features(images)

    def forward(self, images: Tensor) -> Tensor:
        """Logits of shape (n, classes)."""
        logits: Tensor = self.head(self.features(images))
        return logits


class StyleProjectionCritic(nn.Module):
    """The discriminator's verdict plus a projection on the class, as `ProjectionCritic`: PLG-MI's."""

    def __init__(self, discriminator: Discriminator, classes: int) -> None:
        super().__init__()
        classes = check.count("classes", classes)
        self.trunk = discriminator
        self.of_class = nn.Parameter(torch.zeros(classes, discriminator.verdict.weight.shape[1]))

    def forward(self, images: Tensor, classes: Tensor) -> Tensor:
        """Verdicts of shape (n,) for int64 `classes` of shape (n,)."""
        features = self.trunk.features(images)
        verdicts: Tensor = self.trunk.verdict(features).squeeze(1)
        projected = (self.of_class[classes] * features).sum(dim=1)
        return verdicts + CLASS_RATE * self.trunk.verdict.scale * projected
