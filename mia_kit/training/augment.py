"""Random changes of training pictures: a callable of (images, generator) that returns pictures of the same shape."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from mia_kit.signatures import checked

MAX_SHIFT = 3


@checked
def flip_and_shift(images: Tensor, generator: Generator) -> Tensor:
    """Mirror half of the pictures, of shape (n, channels, h, w), and move each by up to 3 pixels, its border repeated.

    The paper crops at random, mirrors and changes colours; at these sizes a shift does the work of the crop.
    """
    n, _, height, width = images.shape
    mirrored = torch.rand(n, generator=generator) < 0.5
    down, right = torch.randint(-MAX_SHIFT, MAX_SHIFT + 1, (2, n), generator=generator)
    rows = (torch.arange(height) + down[:, None]).clamp(0, height - 1)  # (n, h)
    columns = (torch.arange(width) + right[:, None]).clamp(0, width - 1)  # (n, w)
    columns = torch.where(mirrored[:, None], columns.flip(1), columns)
    picture = torch.arange(n)[:, None, None]
    moved = images.permute(0, 2, 3, 1)[picture, rows[:, :, None], columns[:, None, :]]  # (n, h, w, channels)
    # Rows of a channel lie together again: of few channels laid out pixel by pixel, oneDNN's convolutions of stride 2
    # write past their memory (see mia_kit.models.residual).
    return moved.permute(0, 3, 1, 2).clone(memory_format=torch.contiguous_format)


@checked
def flip_shift_and_colour(images: Tensor, generator: Generator) -> Tensor:
    """`flip_and_shift`, then brightness and contrast changed by up to 20 %, saturation by up to 10 %, each by itself.

    `images` is a Tensor of shape (n, 3, h, w) in [-1, 1]. The changes are the paper's, less its slight change of hue.
    """
    return change_colours(flip_and_shift(images, generator), generator)


def usual_augmentation(channels: int) -> Callable[[Tensor, Generator], Tensor]:
    """The augmentation of all our face classifiers, for pictures in colour or in grey."""
    return flip_shift_and_colour if channels == 3 else flip_and_shift


def change_colours(images: Tensor, generator: Generator) -> Tensor:
    """The second half of `flip_shift_and_colour`, for images of shape (n, 3, h, w) in [-1, 1] on any device."""
    changes = torch.rand(3, len(images), 1, 1, 1, generator=generator).to(images.device) * 2 - 1
    light, contrast, colour = changes  # each (n, 1, 1, 1)
    images = (images + 1) * (1 + 0.2 * light) - 1
    middle = images.mean(dim=(1, 2, 3), keepdim=True)
    images = middle + (images - middle) * (1 + 0.2 * contrast)
    grey = images.mean(dim=1, keepdim=True)
    return (grey + (images - grey) * (1 + 0.1 * colour)).clamp(-1, 1)
