"""Priors of runs at full size: StyleGAN2 from a file or with random weights, cut and resized once to what targets see.

Plug & Play Attacks take the middle 800 pixels of StyleGAN2's 1,024 and resize them to 224 before anything else looks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mia_kit.attacks.prior_to_target import resize
from mia_kit.data.folders import located
from mia_kit.models import Framed, Prior, StyleGAN2, load_stylegan2
from mia_kit.models.style_prior import load_style_prior, weights_digest

Spec = Mapping[str, Any]
KINDS = ("file", "random", "style")


class Resized:
    """A prior whose images are resized, with a low-pass filter, to size x size."""

    def __init__(self, prior: Prior, size: int) -> None:
        self.prior, self.size = prior, (size, size)
        self.latent_size = prior.latent_size
        self.image_size = (prior.image_size[0], size, size)

    def map(self, latents: Tensor) -> Tensor:
        """The codes of the prior itself."""
        return self.prior.map(latents)

    def synthesise(self, codes: Tensor) -> Tensor:
        """The prior's images, smaller or larger."""
        return resize(self.prior.synthesise(codes), self.size)


def build_prior(spec: Spec, *, size: int, device: torch.device) -> Prior:
    """The prior of a recipe with images of (3, size, size), its weights frozen, on the device.

    `spec` has one of these, and optionally `crop`, the side of the middle that is kept:

    * file: a safetensors file of StyleGAN2 below the data folder; truncation and cutoff, 0.5 and 8 by default
    * random: arguments of a `StyleGAN2` with random weights, for rehearsals and timing; truncation and cutoff too
    * style: the truncation of the prior that ships with the package

    `precision: bfloat16` is for StyleGAN2's convolutions. Raises ValueError for another spec, DataError as the loaders.
    """
    kind = _kind(spec)
    if kind == "style":
        return Resized(_cropped(load_style_prior(truncation=spec["style"]).to(device), spec), size)
    draws: dict[str, Any] = {
        "truncation": spec.get("truncation", 0.5),
        "truncation_cutoff": spec.get("cutoff", 8),
        "dtype": torch.bfloat16 if spec.get("precision") == "bfloat16" else torch.float32,
    }
    if kind == "file":
        network = load_stylegan2(_file(spec), **draws)
    else:
        network = StyleGAN2(**spec["random"], **draws).eval().requires_grad_(False)
    network = network.to(device)
    if device.type == "cuda":
        network = network.to(memory_format=torch.channels_last)
    return Resized(_cropped(network, spec), size)


def prior_digest(spec: Spec) -> str:
    """A sha256 of the prior's weights; for random weights, which their arguments name, nothing."""
    kind = _kind(spec)
    if kind == "file":
        with _file(spec).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    return weights_digest() if kind == "style" else ""


def _file(spec: Spec) -> Path:
    return located(spec["file"], remedy="make it with  python data_scripts/convert_stylegan2.py")


def _kind(spec: Spec) -> str:
    kinds = [kind for kind in KINDS if kind in spec]
    if len(kinds) != 1:
        raise ValueError(f"a prior must be one of {', '.join(KINDS)}, got {sorted(spec)} instead")
    return kinds[0]


def _cropped(prior: Prior, spec: Spec) -> Prior:
    if "crop" not in spec:
        return prior
    side, whole = spec["crop"], prior.image_size[1]
    first = (whole - side) // 2
    return Framed(prior, (first, first + side), (first, first + side))
