"""Random changes of training pictures: a callable of (images, generator) that returns pictures of the same shape."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

MAX_SHIFT = 3


def flip_and_shift(images: Tensor, generator: Generator) -> Tensor:
    """Mirror half of the pictures and move each by up to 3 pixels, its border repeated.

    `images` is a Tensor of shape (n, channels, h, w). The paper crops at random, mirrors and changes colours; at
    these sizes a shift does the work of the crop, and grey pictures have no colours.
    """
    n, _, height, width = images.shape
    mirrored = torch.rand(n, generator=generator) < 0.5
    down, right = torch.randint(-MAX_SHIFT, MAX_SHIFT + 1, (2, n), generator=generator)
    rows = (torch.arange(height) + down[:, None]).clamp(0, height - 1)  # (n, h)
    columns = (torch.arange(width) + right[:, None]).clamp(0, width - 1)  # (n, w)
    columns = torch.where(mirrored[:, None], columns.flip(1), columns)
    picture = torch.arange(n)[:, None, None]
    moved = images.permute(0, 2, 3, 1)[picture, rows[:, :, None], columns[:, None, :]]  # (n, h, w, channels)
    return moved.permute(0, 3, 1, 2)
