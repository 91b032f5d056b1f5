"""Priors: what the attacker knows about faces in general, as a map from latents to images.

A Plug & Play attack needs two steps of a prior. `map` turns latents, drawn from a normal distribution, into the codes
that the attack changes; `synthesise` turns codes into images. A style-based generator has both; a plain generator, such
as the DCGAN here, optimises the latents themselves, so its `map` is the identity.

The DCGAN (Radford, Metz and Chintala 2016) was trained by the author of the Python package gan_face_generate on
DigiFace-1M, rendered faces of people who do not exist. `data_scripts/fetch_dcgan.py` fetches its weights.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from mia_kit import check
from mia_kit.data.inventory import DCGAN as WEIGHTS
from mia_kit.models.weights import load_weights
from mia_kit.seeds import stream

# Rows and columns of the DCGAN's images in which faces stand as in `mia_kit.data.aligned`.
DCGAN_FRAME = ((14, 64), (8, 58))


class Prior(Protocol):
    """What an attack needs of a generator.

    latent_size : numbers in a latent
    image_size : (channels, h, w) of an image
    """

    latent_size: int
    image_size: tuple[int, int, int]

    def map(self, latents: Tensor) -> Tensor:
        """Codes of shape (n, ...) for latents of shape (n, latent_size), standard normal."""

    def synthesise(self, codes: Tensor) -> Tensor:
        """Images of shape (n, channels, h, w) in [-1, 1] for codes, with gradients."""


def check_prior(prior: Prior) -> Prior:
    """The prior; TypeError for what has not all that a `Prior` has."""
    missing = [name for name in ("latent_size", "image_size", "map", "synthesise") if not hasattr(prior, name)]
    if missing:
        raise TypeError(f"prior must have {', '.join(missing)}, got {check.brief(prior)} instead")
    return prior


def sample_latents(prior: Prior, count: int, *, seed: int) -> Tensor:
    """Standard normal latents of shape (count, latent_size), count at least 1, the same on every device."""
    return torch.randn(check.count("count", count), check_prior(prior).latent_size, generator=stream(seed))


class _Shown:
    """A prior whose images are shown in another way; its codes are the prior's."""

    def __init__(self, prior: Prior) -> None:
        self.prior = check_prior(prior)
        self.latent_size, self.image_size = prior.latent_size, prior.image_size

    def map(self, latents: Tensor) -> Tensor:
        """The codes of the prior itself."""
        return self.prior.map(latents)


class Framed(_Shown):
    """A prior whose images are cut to a part: the frame in which the target's photographs show a face.

    `rows` and `columns` are (first, last + 1) in pixels of the prior's images; with a `size` the part is resized to
    size x size with a low-pass filter. Plug & Play Attacks take the 800 pixels in the middle of StyleGAN2's 1,024, at
    224.
    """

    def __init__(
        self, prior: Prior, rows: tuple[int, int], columns: tuple[int, int], *, size: int | None = None
    ) -> None:
        super().__init__(prior)
        channels, height, width = prior.image_size
        top, bottom = check.counts("rows", rows, 2, least=0)
        left, right = check.counts("columns", columns, 2, least=0)
        if not (top < bottom <= height and left < right <= width):
            raise ValueError(f"the part must lie within {height} x {width} pixels, got {rows} and {columns} instead")
        self.rows, self.columns = slice(top, bottom), slice(left, right)
        side = None if size is None else check.count("size", size)
        self.image_size = (channels, bottom - top, right - left) if side is None else (channels, side, side)

    def synthesise(self, codes: Tensor) -> Tensor:
        """The part of the prior's images."""
        part = self.prior.synthesise(codes)[:, :, self.rows, self.columns]
        if part.shape[1:] == self.image_size:
            return part
        return interpolate(part, size=self.image_size[1:], mode="bilinear", antialias=True, align_corners=False)


class HalfPrecision(_Shown):
    """A prior that draws in bfloat16 and hands out float32, with gradients.

    Where a processor has bfloat16, an attack's step takes half the time: the generator is most of it. A number keeps
    eight binary digits and its range, so that images and gradients move by about 1 % and even tiny gradients survive.
    Elsewhere bfloat16 is imitated and takes twenty times as long: there the prior draws in float32 after all.
    """

    def synthesise(self, codes: Tensor) -> Tensor:
        """The prior's images, rounded where that is faster."""
        with torch.autocast(codes.device.type, torch.bfloat16, enabled=has_bfloat16(codes.device)):
            return self.prior.synthesise(codes).float()


def has_bfloat16(device: torch.device) -> bool:
    """Whether the processor computes in bfloat16 itself; of CPUs, those that PyTorch gives its AVX-512 code."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return torch.backends.cpu.get_cpu_capability().startswith("AVX512")


class DCGAN(nn.Module):
    """A generator of 64 x 64 colour faces from 100 numbers: five transposed convolutions with batch norm and ReLU."""

    latent_size = 100
    image_size = (3, 64, 64)

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        width = check.count("width", width)
        channels = [self.latent_size, 8 * width, 4 * width, 2 * width, width]
        layers: list[nn.Module] = []
        for place, (inputs, outputs) in enumerate(pairwise(channels)):
            doubling = nn.ConvTranspose2d(inputs, outputs, 4, *((2, 1) if place else (1, 0)), bias=False)
            layers += [doubling, nn.BatchNorm2d(outputs), nn.ReLU()]
        # The names of the layers are those of the published weights.
        self.main = nn.Sequential(*layers, nn.ConvTranspose2d(width, 3, 4, 2, 1, bias=False), nn.Tanh())

    def map(self, latents: Tensor) -> Tensor:
        """The latents themselves, of shape (n, 100)."""
        check.floats("latents", latents, ("n", self.latent_size))
        return latents

    def synthesise(self, codes: Tensor) -> Tensor:
        """Images of shape (n, 3, 64, 64) in [-1, 1]."""
        return self.main(self.map(codes)[:, :, None, None])

    def forward(self, latents: Tensor) -> Tensor:
        """`synthesise(map(latents))`."""
        return self.synthesise(self.map(latents))


def load_dcgan() -> DCGAN:
    """The trained generator in evaluation mode, frozen. DataError if the weights are absent or do not fit."""
    return load_weights(lambda _: DCGAN(), WEIGHTS.path(), f"run  {WEIGHTS.command} --force")
