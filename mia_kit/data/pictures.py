"""Pictures of 256 shades, as they are stored and shown, and the floats that networks take: one scale for both."""

from __future__ import annotations

from torch import Tensor

HALF = 127.5


def to_floats(pictures: Tensor) -> Tensor:
    """uint8 of any shape as floats in [-1, 1]."""
    return pictures.float() / HALF - 1


def to_bytes(images: Tensor) -> Tensor:
    """Floats as uint8 of the same shape, rounded; what lies outside [-1, 1] is cut off."""
    return ((images.clamp(-1, 1) + 1) * HALF).round().byte()
