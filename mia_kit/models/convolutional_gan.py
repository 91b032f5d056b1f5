"""Small convolutional generators and critics, which the attacks GMI, KED-MI and PLG-MI train on public images.

The generator is that of DCGAN (Radford, Metz and Chintala 2016), for any size that is a power of two, grey or colour.
With classes it is conditional, as in PLG-MI (Yuan et al., AAAI 2023): the scale and shift of its batch norm depend on
the class (de Vries et al., NeurIPS 2017). The critics have no batch norm, because a slope penalty or a verdict on one
image must not depend on its neighbours. Our convolutions are plain where PLG-MI's are residual blocks. Width 64 gives
networks of the papers' size at 64 x 64; 8 or so is enough to learn with on a CPU.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, one_hot
from torch.nn.utils.parametrizations import spectral_norm

from mia_kit import check
from mia_kit.seeds import seeded

# All networks work between images and this many rows and columns.
SMALLEST = 4
SLOPE = 0.2
Shape = tuple[int, int, int]


class ConvolutionalPrior(nn.Module):
    """Latents to images; a `Prior`, so that every attack can use it.

    `image_size` is (channels, h, w) with h = w = 8, 16, 32, ...; there are `width` channels at half that size, doubled
    in each halving below. Without `classes` it knows none; with them a code is a latent followed by shares of the
    classes, of shape (n, latent_size + classes): `codes` gives one class all, `map` an equal share to each.
    """

    def __init__(
        self, *, seed: int, latent_size: int = 100, image_size: Shape = (3, 64, 64), width: int = 64, classes: int = 0
    ) -> None:
        super().__init__()
        channels = _channels(image_size, width)[::-1]
        latent_size, classes = check.count("latent_size", latent_size), check.count("classes", classes, 0)
        height = int(image_size[1])
        self.latent_size, self.image_size, self.classes = latent_size, (int(image_size[0]), height, height), classes
        with seeded(seed):
            self.start = nn.Linear(latent_size, channels[0] * SMALLEST**2, bias=False)
            self.norms = nn.ModuleList(_Norm(count, classes) for count in channels)
            self.up = nn.ModuleList(
                nn.ConvTranspose2d(below, above, 4, 2, 1, bias=False) for below, above in pairwise(channels)
            )
            self.last = nn.ConvTranspose2d(channels[-1], image_size[0], 4, 2, 1)

    def map(self, latents: Tensor) -> Tensor:
        """The latents, of shape (n, latent_size); with classes, followed by equal shares of them."""
        check.floats("latents", latents, ("n", self.latent_size))
        if not self.classes:
            return latents
        return torch.cat([latents, latents.new_full((len(latents), self.classes), 1 / self.classes)], dim=1)

    def codes(self, latents: Tensor, classes: Tensor) -> Tensor:
        """Codes of the given classes, int64 of shape (n,), for a generator that has classes."""
        return torch.cat([latents, one_hot(classes, self.classes).to(latents)], dim=1)

    def synthesise(self, codes: Tensor) -> Tensor:
        """Images of shape (n, *image_size) in [-1, 1]."""
        check.floats("codes", codes, ("n", self.latent_size + self.classes))
        latents, shares = codes[:, : self.latent_size], codes[:, self.latent_size :]
        x = self.start(latents).unflatten(1, (-1, SMALLEST, SMALLEST))
        x = self.norms[0](x, shares).relu()
        for up, norm in zip(self.up, self.norms[1:], strict=True):
            x = norm(up(x), shares).relu()
        return self.last(x).tanh()

    def forward(self, codes: Tensor) -> Tensor:
        """The same as `synthesise`."""
        return self.synthesise(codes)


class _Norm(nn.Module):
    """Batch norm whose scale and shift are its own plus what the shares of the classes add."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.by_class = nn.Parameter(0.02 * torch.randn(classes, 2 * channels)) if classes else None

    def forward(self, x: Tensor, shares: Tensor) -> Tensor:
        x = self.norm(x)
        if self.by_class is None:
            return x
        scale, shift = (shares @ self.by_class)[:, :, None, None].chunk(2, dim=1)  # each (n, channels, 1, 1)
        return x * (1 + scale) + shift


class Critic(nn.Module):
    """One number for each image, large where it looks real: GMI's discriminator."""

    def __init__(self, *, seed: int, image_size: Shape = (3, 64, 64), width: int = 64) -> None:
        super().__init__()
        with seeded(seed):
            self.trunk = _Trunk(image_size, width)
            self.verdict = nn.Linear(self.trunk.size, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Verdicts of shape (n,)."""
        return self.verdict(self.trunk(images)).squeeze(1)


class ClassDiscriminator(nn.Module):
    """Logits of K classes, against a fixed logit of 0 for "fake" (Salimans et al., NeurIPS 2016): KED-MI's.

    A softmax over K + 1 logits does not change when all move alike, so the last may as well stay at 0.
    """

    def __init__(self, classes: int, *, seed: int, image_size: Shape = (3, 64, 64), width: int = 64) -> None:
        super().__init__()
        with seeded(seed):
            self.trunk = _Trunk(image_size, width)
            self.head = nn.Linear(self.trunk.size, check.count("classes", classes))

    def features(self, images: Tensor) -> Tensor:
        """Activations of shape (n, d) below the logits."""
        return self.trunk(images)

    def forward(self, images: Tensor) -> Tensor:
        """Logits of shape (n, classes)."""
        return self.head(self.features(images))


class ProjectionCritic(nn.Module):
    """One number for each image and class, large where it looks like a real image of the class: PLG-MI's.

    The projection discriminator of Miyato and Koyama (ICLR 2018), all its layers of spectral norm 1.
    """

    def __init__(self, classes: int, *, seed: int, image_size: Shape = (3, 64, 64), width: int = 64) -> None:
        super().__init__()
        with seeded(seed):
            self.trunk = _Trunk(image_size, width, spectral_norm)
            self.verdict = spectral_norm(nn.Linear(self.trunk.size, 1))
            self.of_class = spectral_norm(nn.Embedding(check.count("classes", classes), self.trunk.size))

    def forward(self, images: Tensor, classes: Tensor) -> Tensor:
        """Verdicts of shape (n,) for int64 `classes` of shape (n,)."""
        features = self.trunk(images)
        return self.verdict(features).squeeze(1) + (self.of_class(classes) * features).sum(dim=1)


class _Trunk(nn.Module):
    """Convolutions of stride 2 down to 4 x 4, flattened to `size` numbers."""

    def __init__(self, image_size: Shape, width: int, norm: Callable[[nn.Module], nn.Module] | None = None) -> None:
        super().__init__()
        self.image_size = image_size
        channels = _channels(image_size, width)
        layers = [nn.Conv2d(above, below, 4, 2, 1) for above, below in pairwise((image_size[0], *channels))]
        self.down = nn.ModuleList(norm(layer) if norm else layer for layer in layers)
        self.size = channels[-1] * SMALLEST**2

    def forward(self, images: Tensor) -> Tensor:
        check.floats("images", images, ("n", *self.image_size))
        for layer in self.down:
            images = leaky_relu(layer(images), SLOPE)
        return images.flatten(1)


def _channels(image_size: Shape, width: int) -> list[int]:
    """Channels at half the size of the image, at a quarter, ..., at 4 x 4."""
    width = check.count("width", width)
    channels, height, across = check.counts("image_size", image_size, 3)
    levels = round(math.log2(height / SMALLEST)) if height >= SMALLEST else 0
    if channels not in (1, 3) or height != across or levels < 1 or SMALLEST * 2**levels != height:
        raise ValueError(f"image_size must be (1 or 3, h, h) with h = 8, 16, 32, ..., got {image_size} instead")
    return [width * 2**level for level in range(levels)]
