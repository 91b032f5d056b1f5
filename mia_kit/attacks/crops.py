"""Random crops for the attack: where an image is looked at, so that it does not cheat in single pixels.

All boxes are drawn first, from one generator, and cut out with one bilinear sampling for a whole batch. torchvision's
RandomResizedCrop cuts one image at a time, or the same box from a whole batch, and draws from global state.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import affine_grid, grid_sample

from mia_kit import check


@dataclass(frozen=True)
class Crop:
    """A range of areas, as shares of the image, a range of ratios of width to height, and the chance of a mirror."""

    area: tuple[float, float]
    ratio: tuple[float, float] = (1.0, 1.0)
    mirror: float = 0.0

    def __post_init__(self) -> None:
        for name, most in (("area", 1.0), ("ratio", math.inf)):
            low, high = check.array(name, getattr(self, name), (2,)).tolist()
            check.in_range(f"the least {name}", low, 0, most, open_ends="low")
            check.in_range(f"the greatest {name}", high, low, most)
        check.in_range("mirror", self.mirror, 0, 1)

    def boxes(self, count: int, generator: Generator) -> Tensor:
        """Affine maps of shape (count, 2, 3) for `cut`: area and log ratio uniform, place uniform inside the image."""
        count = check.count("count", count, 0)
        area, ratio, right, down, mirror = torch.rand(5, count, generator=generator)
        area = self.area[0] + (self.area[1] - self.area[0]) * area
        low, high = math.log(self.ratio[0]), math.log(self.ratio[1])
        ratio = (low + (high - low) * ratio).exp()
        width, height = (area * ratio).sqrt().clamp(max=1), (area / ratio).sqrt().clamp(max=1)
        maps = torch.zeros(count, 2, 3)
        maps[:, 0, 0] = torch.where(mirror < self.mirror, -width, width)
        maps[:, 1, 1] = height
        maps[:, 0, 2] = (1 - width) * (2 * right - 1)
        maps[:, 1, 2] = (1 - height) * (2 * down - 1)
        return maps


# The paper's crop in the optimisation and its crop and mirror in the selection.
OPTIMISATION_CROP = Crop(area=(0.9, 1.0))
SELECTION_CROP = Crop(area=(0.5, 0.9), ratio=(0.8, 1.2), mirror=0.5)


def cut(images: Tensor, boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """One box of each image at `size` = (h, w): a Tensor of shape (n, channels, *size), with gradients."""
    grid = affine_grid(boxes.to(images), [len(images), images.shape[1], *size], align_corners=False)
    return grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)
