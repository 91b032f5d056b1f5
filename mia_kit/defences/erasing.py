"""MIDRE: a random square of every training picture is erased, so that the model never sees a whole face.

Tran et al., "Random Erasing vs. Model Inversion: A Promising Defense or a False Hope?" (TMLR 2025). As in its public
settings for FaceScrub, every picture is erased, after the usual augmentation, in one square whose area is drawn between
a tenth of the picture and the `largest` share, and which takes ImageNet's mean colour; there the largest share is 0.8.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from mia_kit import check
from mia_kit.training.augment import usual_augmentation

LEAST = 0.1
MEAN_COLOUR = (0.485, 0.456, 0.406)  # of red, green and blue, in [0, 1]


@dataclass(frozen=True)
class RandomErasing:
    """The usual augmentation, then a square erased; `largest`, in [0, 1), is the greatest share of the area."""

    largest: float

    def __post_init__(self) -> None:
        check.in_range("the largest share to erase", self.largest, 0, 1, open_ends="high")

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        """Pictures of the same shape (n, channels, h, w) in [-1, 1], at most a square of each without its own."""
        images = usual_augmentation(images.shape[1])(images, generator)
        n, channels, height, width = images.shape
        area, down, right = torch.rand(3, n, generator=generator)
        least = min(LEAST, self.largest)
        side = (least + (self.largest - least) * area).sqrt()  # of the picture's, (n,)
        rows, columns = _covered(height, side, down), _covered(width, side, right)
        erased = (rows[:, :, None] & columns[:, None, :])[:, None].to(images.device)  # (n, 1, h, w)
        colour = 2 * images.new_tensor(MEAN_COLOUR) - 1
        colour = colour if channels == 3 else colour.mean(dim=0, keepdim=True)
        return torch.where(erased, colour[:, None, None], images)


def _covered(length: int, side: Tensor, place: Tensor) -> Tensor:
    """Which of `length` rows or columns the squares cover: bool of shape (n, length)."""
    size = (side * length).round()
    first = (place * (length - size + 1)).floor()
    at = torch.arange(length)
    return (at >= first[:, None]) & (at < (first + size)[:, None])
