"""StyleGAN2-ADA's generator in plain PyTorch (Karras et al., CVPR 2020 and NeurIPS 2020), for Plug & Play Attacks.

A mapping network turns a latent into a style; each convolution is modulated by a style and demodulated; images of
growing size are summed up. Layers bear the original's names, so that its weights load as they are.

Differences from the original. There are no classes, no training and no compiled extension. Convolutions are modulated
by scaling their inputs and outputs, never their weights: a batch is one convolution. One style serves all layers unless
asked otherwise, as in Plug & Play Attacks (Struppek et al., ICML 2022).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d

from mia_kit import check
from mia_kit.models.style_prior import Scaled, activate, mapped, modulated
from mia_kit.seeds import seeded

LARGEST = 2**20  # of sizes that are no resolution; a file of weights may say any


def check_draws(truncation: float, cutoff: int | None, dtype: torch.dtype) -> None:
    """ValueError or TypeError unless these say how a generator draws; see `StyleGAN2`."""
    check.in_range("truncation", truncation, 0, 1)
    if cutoff is not None:
        check.count("truncation_cutoff", cutoff, least=0)
    check.one_of("dtype", dtype, (torch.float32, torch.bfloat16, torch.float16))


class StyleGAN2(nn.Module):
    """Latents to styles (`map`), styles to images (`synthesise`); a `Prior`.

    z_dim, w_dim : numbers in a latent and in a style
    img_resolution : height and width of an image, a power of two from 4 to 1,024
    channel_base, channel_max : a layer at r x r has min(channel_base // r, channel_max) channels
    mapping_layers : fully connected layers from latent to style
    lr_multiplier : rate of the mapping network relative to the rest; its weights are stored divided by it
    conv_clamp : the largest absolute value of an activation, None for no limit
    truncation : psi in [0, 1]; `map` draws the styles of `truncation_cutoff` layers, None for all, towards their mean
        by this factor. Plug & Play Attacks take 0.5
    dtype : of the convolutions from 8 x 8 up; styles, sums of images and weights stay in float32
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        z_dim: int = 512,
        w_dim: int = 512,
        img_resolution: int = 1024,
        img_channels: int = 3,
        channel_base: int = 32768,
        channel_max: int = 512,
        mapping_layers: int = 8,
        lr_multiplier: float = 0.01,
        conv_clamp: float | None = None,
        truncation: float = 1.0,
        truncation_cutoff: int | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        sizes = [2**power for power in range(2, 11)]
        check.one_of("img_resolution", img_resolution, sizes)
        counts = {"z_dim": z_dim, "w_dim": w_dim, "img_channels": img_channels, "channel_max": channel_max}
        for name, value in counts.items():
            check.count(name, value, most=LARGEST)
        check.count("channel_base", channel_base, least=img_resolution, most=LARGEST)
        check.count("mapping_layers", mapping_layers, most=100)
        check.in_range("lr_multiplier", lr_multiplier, 0, 1, open_ends="low")
        if conv_clamp is not None:
            check.number("conv_clamp", conv_clamp)
        check_draws(truncation, truncation_cutoff, dtype)
        self.latent_size, self.image_size = z_dim, (img_channels, img_resolution, img_resolution)
        self.truncation, self.truncation_cutoff = truncation, truncation_cutoff
        with seeded(seed):
            channels = {side: min(channel_base // side, channel_max) for side in sizes if side <= img_resolution}
            self.synthesis = _Synthesis(channels, img_channels, w_dim, conv_clamp, dtype)
            self.mapping = _Mapping(z_dim, w_dim, mapping_layers, lr_multiplier)
        self.w_dim, self.num_ws = w_dim, self.synthesis.num_ws

    def styles(self, latents: Tensor, *, truncation: float = 1.0, cutoff: int | None = None) -> Tensor:
        """A style for each layer, (n, num_ws, w_dim), for latents (n, z_dim); the first `cutoff`, or all, drawn in."""
        check.floats("latents", latents, ("n", self.latent_size))
        styles: Tensor = self.mapping(latents)
        drawn = torch.lerp(self.mapping.w_avg, styles, truncation)
        concerned = self.num_ws if cutoff is None else min(cutoff, self.num_ws)
        return torch.stack([drawn] * concerned + [styles] * (self.num_ws - concerned), dim=1)

    def map(self, latents: Tensor) -> Tensor:
        """Codes of shape (n, 1, w_dim), the style of the first layer."""
        return self.styles(latents, truncation=self.truncation, cutoff=self.truncation_cutoff)[:, :1]

    def synthesise(self, codes: Tensor) -> Tensor:
        """Images of shape (n, *image_size), mostly in [-1, 1], for codes of shape (n, 1, w_dim) or (n, num_ws, w_dim).

        With the noise that is stored with the weights.
        """
        check.shape("codes", codes, ("n", "1 or all layers", self.w_dim))
        check.one_of("the number of styles in codes", codes.shape[1], (1, self.num_ws))
        return self.synthesis(codes.expand(-1, self.num_ws, -1))

    def forward(self, latents: Tensor) -> Tensor:
        """`synthesise(map(latents))`."""
        return self.synthesise(self.map(latents))


class _Mapping(nn.Module):
    """Latents of shape (n, z_dim) to styles of shape (n, w_dim)."""

    w_avg: Tensor

    def __init__(self, z_dim: int, w_dim: int, layers: int, rate: float) -> None:
        super().__init__()
        for place in range(layers):
            self.add_module(f"fc{place}", Scaled(w_dim if place else z_dim, w_dim, rate=rate))
        self.register_buffer("w_avg", torch.zeros(w_dim))

    def forward(self, latents: Tensor) -> Tensor:
        return mapped(latents, self.children())


class _Synthesis(nn.Module):
    """Styles of shape (n, num_ws, w_dim) to images; `b4`, `b8`, ... double the size."""

    def __init__(
        self, channels: dict[int, int], colours: int, w_dim: int, clamp: float | None, dtype: torch.dtype
    ) -> None:
        super().__init__()
        for side, outputs in channels.items():
            inputs = channels[side // 2] if side > 4 else 0
            block_dtype = dtype if side > 4 else torch.float32
            self.add_module(f"b{side}", _Block(inputs, outputs, side, colours, w_dim, clamp, block_dtype))
        self.num_ws = 2 * len(channels)  # the last image has a style of its own, the others share with the next layer

    def forward(self, styles: Tensor) -> Tensor:
        x: Tensor | None = None
        image: Tensor | None = None
        first = 0
        for block in self.children():
            x, image = block(x, image, styles[:, first:])
            first += 2 if first else 1
        assert image is not None
        return image


class _Block(nn.Module):
    """One or two convolutions and an image, added to twice the image before."""

    resample_filter: Tensor

    def __init__(
        self, inputs: int, outputs: int, side: int, colours: int, w_dim: int, clamp: float | None, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.register_buffer("resample_filter", low_pass())
        if inputs:
            self.conv0 = _Convolution(inputs, outputs, side, w_dim, clamp, up=True)
        else:
            self.const = nn.Parameter(torch.randn(outputs, side, side))
        self.conv1 = _Convolution(outputs, outputs, side, w_dim, clamp)
        self.torgb = _ToImage(outputs, colours, w_dim, clamp)
        self.dtype = dtype

    def forward(self, x: Tensor | None, image: Tensor | None, styles: Tensor) -> tuple[Tensor, Tensor]:
        if x is None or image is None:
            x = self.conv1(self.const.expand(len(styles), -1, -1, -1), styles[:, 0])
            return x, self.torgb(x, styles[:, 1])
        x = self.conv0(x.to(self.dtype), styles[:, 0])
        x = self.conv1(x, styles[:, 1])
        return x, double(image, self.resample_filter) + self.torgb(x, styles[:, 2]).to(image.dtype)


class _Convolution(nn.Module):
    """A modulated 3 x 3 convolution at `side` x `side`, with noise; `up` doubles the size first."""

    resample_filter: Tensor
    noise_const: Tensor

    def __init__(
        self, inputs: int, outputs: int, side: int, w_dim: int, clamp: float | None, *, up: bool = False
    ) -> None:
        super().__init__()
        self.register_buffer("resample_filter", low_pass())
        self.affine = Scaled(w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.register_buffer("noise_const", torch.randn(side, side))
        self.noise_strength = nn.Parameter(torch.zeros(()))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.up, self.clamp = up, clamp

    def forward(self, x: Tensor, styles: Tensor) -> Tensor:
        x = modulated(x, self.weight, self.affine(styles), self.resample_filter if self.up else None)
        x = x + (self.noise_const * self.noise_strength).to(x.dtype)
        x = activate(x + self.bias.to(x.dtype)[:, None, None])
        return x if self.clamp is None else x.clamp(-self.clamp, self.clamp)


class _ToImage(nn.Module):
    """A modulated 1 x 1 convolution to colours."""

    def __init__(self, inputs: int, colours: int, w_dim: int, clamp: float | None) -> None:
        super().__init__()
        self.affine = Scaled(w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(colours, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(colours))
        self.scale, self.clamp = 1 / math.sqrt(inputs), clamp

    def forward(self, x: Tensor, styles: Tensor) -> Tensor:
        scales = (self.affine(styles) * self.scale).to(x.dtype)
        x = conv2d(x * scales[:, :, None, None], self.weight.to(x.dtype), self.bias.to(x.dtype))
        return x if self.clamp is None else x.clamp(-self.clamp, self.clamp)


def double(images: Tensor, resample_filter: Tensor) -> Tensor:
    """Twice the height and width: zeros in between, then the low-pass filter of shape (4, 4)."""
    colours = images.shape[1]
    kernel = (4 * resample_filter).to(images.dtype).expand(colours, 1, 4, 4)
    return conv_transpose2d(images, kernel, stride=2, padding=1, groups=colours)


def low_pass() -> Tensor:
    """The filter [1, 3, 3, 1] in both directions, of sum 1 and shape (4, 4)."""
    line = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
    return torch.outer(line, line)
