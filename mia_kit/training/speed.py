"""What makes small convolutional nets train faster on a CPU; results differ from the plain loop in rounding alone.

A width-16 residual net at 32 pixels, batches of 32: about a quarter less time a step than plain Adam and PyTorch's
usual layout.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

# oneDNN's convolutions of few channels laid out pixel by pixel can write past their memory (see `models.residual`).
LEAST_CHANNELS = 8


def channels_last(model: nn.Module) -> None:
    """Lay the convolutions of at least 8 channels on both sides out pixel by pixel, in place."""
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
    for layer in layers:
        if min(layer.in_channels, layer.out_channels) >= LEAST_CHANNELS:
            layer.to(memory_format=torch.channels_last)


def fused_adam(parameters: Iterable[Tensor], **settings: Any) -> torch.optim.Optimizer:
    """Adam that changes all weights in one call."""
    return torch.optim.Adam(parameters, fused=True, **settings)
