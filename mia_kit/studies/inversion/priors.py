"""The attacker's priors by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

import torch

from mia_kit.data.archives import sha256_of
from mia_kit.data.inventory import STYLEGAN2
from mia_kit.models import DCGAN_FRAME, Framed, HalfPrecision, Prior, StyleGAN2, load_dcgan, load_stylegan2
from mia_kit.models.style_prior import WEIGHTS, load_style_prior
from mia_kit.studies.inversion.recipe import Precision
from mia_kit.training.speed import channels_last

# What Plug & Play Attacks make of StyleGAN2: styles drawn to their mean in the first layers, the middle 800 of 1,024
# pixels, resized to 224 before anything else looks.
TRUNCATION, CUTOFF, MIDDLE, SIZE = 0.5, 8, (112, 912), 224
# The same at toy size with random weights: it draws patterns, for rehearsals.
TINY = partial(StyleGAN2, z_dim=32, w_dim=32, img_resolution=32, channel_base=256, channel_max=16, mapping_layers=2)
TINY_MIDDLE, TINY_SIZE = (2, 30), 32
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}

_digest = lru_cache(maxsize=1)(sha256_of)


@lru_cache(maxsize=4)
def load_prior(name: str, *, device: str = "cpu", precision: Precision = "float32") -> Prior:
    """A prior with frozen weights, on a device.

    name : `dcgan` as it draws people, `dcgan face` cut to the frame of aligned faces; `style 0.7`, the style prior with
        its truncation; `stylegan2`, that of Plug & Play Attacks, `stylegan2 random` of the same size with random
        weights, `stylegan2 tiny`
    precision : with "bfloat16" it draws so, and hands out float32

    ValueError for another name, DataError if weights are absent.
    """
    kind, _, detail = name.partition(" ")
    if kind == "stylegan2":
        return _stylegan2(detail, device, precision)
    if precision == "bfloat16":
        return HalfPrecision(load_prior(name, device=device))
    if kind == "dcgan":
        generator = load_dcgan().to(device)
        channels_last(generator)
        return Framed(generator, *DCGAN_FRAME) if detail == "face" else generator
    if kind != "style":
        raise ValueError(f"a prior must be dcgan, dcgan face, style or stylegan2, got {name!r} instead")
    return load_style_prior(truncation=float(detail or 1)).to(device)


def prior_digest(name: str) -> str:
    """What a prior's weights are known by: those of a file may be made anew, others never change."""
    if name == "stylegan2":
        path = STYLEGAN2.find()
        return _digest(path) if path else ""  # nothing can be made without it
    return sha256_of(WEIGHTS) if name.split()[0] == "style" else ""


def _stylegan2(detail: str, device: str, precision: Precision) -> Prior:
    """The generator itself rounds: its styles and sums of images stay in float32."""
    dtype = DTYPES[precision]
    if detail:
        kind: Callable[..., StyleGAN2] = TINY if detail == "tiny" else StyleGAN2
        network = kind(truncation=TRUNCATION, truncation_cutoff=CUTOFF, dtype=dtype).eval().requires_grad_(False)
    else:
        network = load_stylegan2(STYLEGAN2.path(), truncation=TRUNCATION, truncation_cutoff=CUTOFF, dtype=dtype)
    network.to(device)
    if device == "cuda":
        network.to(memory_format=torch.channels_last)
    middle, size = (TINY_MIDDLE, TINY_SIZE) if detail == "tiny" else (MIDDLE, SIZE)
    return Framed(network, middle, middle, size=size)
