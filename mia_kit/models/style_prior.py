"""A compact style-based prior for 64 x 64 colour faces, trained by `data_scripts/train_style_prior.py`.

The generator follows StyleGAN2 (Karras et al., CVPR 2020): a mapping network turns a latent into a style, each
convolution is modulated by the style and demodulated, and images of growing size are summed up. Differences, all to fit
two CPU cores: the last level gives the four Haar bands of the image at half its size, as SWAGAN does (Gal et al., ACM
Transactions on Graphics 2021), so that no convolution runs at 64 x 64; there is no noise, so an image depends on its
style alone; and channels are few. One style serves all layers, as in Plug & Play Attacks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, interpolate, leaky_relu, linear

from mia_kit import check
from mia_kit.models.weights import load_weights
from mia_kit.seeds import seeded

# Channels at 4 x 4, 8 x 8, 16 x 16 and 32 x 32.
CHANNELS = (128, 128, 64, 32)
WEIGHTS = Path(__file__).with_name("style_prior.safetensors")
SLOPE = 0.2
# Steps of the slow mapping network relative to those of the synthesis, as in StyleGAN.
MAPPING_RATE = 0.01


class Scaled(nn.Module):
    """A linear layer or convolution with weights of variance 1, scaled in use: all layers then learn at one rate."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 0, *, rate: float = 1.0, bias: float = 0.0) -> None:
        super().__init__()
        shape = (outputs, inputs, kernel, kernel) if kernel else (outputs, inputs)
        self.weight = nn.Parameter(torch.randn(shape) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias / rate))
        self.rate, self.scale = rate, rate / math.sqrt(inputs * max(1, kernel) ** 2)

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self.weight * self.scale, self.bias * self.rate
        if weight.ndim == 2:
            return linear(x, weight, bias)
        return conv2d(x, weight, bias, padding=weight.shape[-1] // 2)


class Modulated(nn.Module):
    """A 3 x 3 convolution whose input channels are scaled by a style, its outputs brought back to unit variance."""

    def __init__(self, inputs: int, outputs: int, style_size: int) -> None:
        super().__init__()
        self.style = Scaled(style_size, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor, styles: Tensor) -> Tensor:
        weight = self.weight / math.sqrt(self.weight[0].numel())
        return activate(modulated(x, weight, self.style(styles)) + self.bias[:, None, None])


class StylePrior(nn.Module):
    """Latents of 128 numbers to styles of 128 numbers (`map`), styles to images of 64 x 64 (`synthesise`).

    seed : seeds the initial weights, and nothing else
    channels : at 4 x 4, 8 x 8, 16 x 16 and 32 x 32, four numbers
    truncation : psi in [0, 1]; `map` draws styles towards their mean by this factor. 1 in training, 0.5 in the paper
    """

    latent_size = 128
    image_size = (3, 64, 64)
    mean_style: Tensor

    def __init__(self, *, seed: int = 0, channels: tuple[int, ...] = CHANNELS, truncation: float = 1.0) -> None:
        super().__init__()
        self.truncation = check.in_range("truncation", truncation, 0, 1)
        channels = check.counts("channels", channels, 4)
        size = self.latent_size
        with seeded(seed):
            self.mapping = nn.ModuleList(Scaled(size, size, rate=MAPPING_RATE) for _ in range(4))
            self.start = nn.Parameter(torch.randn(1, channels[0], 4, 4))
            self.first = Modulated(channels[0], channels[0], size)
            self.up = nn.ModuleList(Modulated(below, above, size) for below, above in pairwise(channels))
            self.convolutions = nn.ModuleList(Modulated(above, above, size) for above in channels[1:])
            self.to_image = nn.ModuleList(Scaled(above, 3, 1) for above in channels[1:])
            self.to_bands = Scaled(channels[-1], 12, 1)
        self.register_buffer("mean_style", torch.zeros(size))
        self.to(memory_format=torch.channels_last)  # a quarter faster on a CPU

    def map(self, latents: Tensor) -> Tensor:
        """Styles of shape (n, 128) for latents of shape (n, 128)."""
        check.floats("latents", latents, ("n", self.latent_size))
        x = mapped(latents, self.mapping)
        return x if self.truncation == 1 else torch.lerp(self.mean_style, x, self.truncation)

    def synthesise(self, codes: Tensor) -> Tensor:
        """Images of shape (n, 3, 64, 64), nearly all in [-1, 1], for styles of shape (n, 128)."""
        check.floats("codes", codes, ("n", self.latent_size))
        x = self.first(self.start.expand(len(codes), -1, -1, -1), codes)
        image: Tensor | None = None
        for up, convolution, to_image in zip(self.up, self.convolutions, self.to_image, strict=True):
            x = convolution(up(double(x), codes), codes)
            image = to_image(x) if image is None else double(image) + to_image(x)
        assert image is not None
        return double(image) + from_bands(self.to_bands(x))

    def forward(self, latents: Tensor) -> Tensor:
        """`synthesise(map(latents))`."""
        return self.synthesise(self.map(latents))


def load_style_prior(*, truncation: float = 0.5) -> StylePrior:
    """The trained generator in evaluation mode, its weights frozen. Raises DataError if the file is damaged."""

    def build(tensors: Mapping[str, Tensor]) -> StylePrior:
        levels = (len(tensors[f"up.{level}.bias"]) for level in range(len(CHANNELS) - 1))
        return StylePrior(channels=(tensors["start"].shape[1], *levels), truncation=truncation)

    return load_weights(build, WEIGHTS, "install mia_kit again.", prefix="generator.")


def mapped(latents: Tensor, layers: Iterable[nn.Module]) -> Tensor:
    """Styles for latents of shape (n, size), which are first brought to length sqrt(size)."""
    x = latents * (latents.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()
    for layer in layers:
        x = activate(layer(x))
    return x


def modulated(x: Tensor, weight: Tensor, scales: Tensor, resample_filter: Tensor | None = None) -> Tensor:
    """A convolution of inputs scaled image by image, outputs brought back to unit variance (StyleGAN2, section 2.2).

    x is of shape (n, inputs, h, w), weight (outputs, inputs, 3, 3), scales (n, inputs), and resample_filter (4, 4) if
    the size is to be doubled. Demodulation forgives any factor, so in half precision both are made small.
    """
    if x.dtype != torch.float32:
        weight = weight / (weight.abs().amax(dim=(1, 2, 3), keepdim=True) * math.sqrt(weight[0].numel()))
        scales = scales / scales.abs().amax(dim=1, keepdim=True)
    sizes = (scales.square() @ weight.square().sum(dim=(2, 3)).T + 1e-8).rsqrt()  # (n, outputs)
    x, weight = x * scales.to(x.dtype)[:, :, None, None], weight.to(x.dtype)
    if resample_filter is None:
        x = conv2d(x, weight, padding=1)
    else:
        x = conv_transpose2d(x, weight.transpose(0, 1), stride=2)  # (n, outputs, 2h + 1, 2w + 1)
        # PyTorch's convolutions do not turn their kernel, those that are transposed do.
        kernel = 4 * resample_filter.flip(0, 1).to(x.dtype)
        x = conv2d(x, kernel.expand(x.shape[1], 1, 4, 4), padding=1, groups=x.shape[1])
    return x * sizes.to(x.dtype)[:, :, None, None]


def activate(x: Tensor) -> Tensor:
    """Leaky ReLU that keeps the variance."""
    return leaky_relu(x, SLOPE) * math.sqrt(2)


def double(x: Tensor) -> Tensor:
    """Twice the height and width, bilinear."""
    return interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def from_bands(bands: Tensor) -> Tensor:
    """The image of shape (n, 3, h, w) whose Haar bands these are."""
    n, _, height, width = bands.shape
    mean, across, down, diagonal = bands.chunk(4, dim=1)
    corners = [
        mean + across + down + diagonal,
        mean - across + down - diagonal,
        mean + across - down - diagonal,
        mean - across - down + diagonal,
    ]
    grid = torch.stack(corners, dim=-1).view(n, 3, height, width, 2, 2) / 2
    return grid.permute(0, 1, 2, 4, 3, 5).reshape(n, 3, 2 * height, 2 * width)
