"""The attacker's priors by name."""

from __future__ import annotations

from functools import lru_cache

from mia_kit.models import DCGAN_FRAME, Framed, Prior, load_dcgan
from mia_kit.models.style_prior import load_style_prior, weights_digest
from mia_kit.training.speed import channels_last


@lru_cache(maxsize=2)
def load_prior(name: str) -> Prior:
    """`dcgan` as it draws people, `dcgan face` cut to the frame of aligned faces, or `style` with its truncation.

    `style 0.7` has truncation 0.7. ValueError for another name, DataError if weights are absent.
    """
    if name.startswith("dcgan"):
        generator = load_dcgan()
        channels_last(generator)
        return Framed(generator, *DCGAN_FRAME) if name == "dcgan face" else generator
    kind, _, truncation = name.partition(" ")
    if kind != "style":
        raise ValueError(f"a prior must be dcgan, dcgan face or style with a truncation, got {name!r} instead")
    return load_style_prior(truncation=float(truncation or 1))


def prior_digest(name: str) -> str:
    """What a prior's weights are known by: the style prior may be trained anew, the DCGAN's never change."""
    return weights_digest() if name.startswith("style") else ""
