"""A decoder in float64 or float32, too small to be good, with vectors and pictures for it."""

import torch
from torch import Tensor

from mia_kit.defences.alignment import Substitute
from mia_kit.models import InversionDecoder


def decoder(dtype: torch.dtype = torch.float64, classes: int = 4) -> InversionDecoder:
    return InversionDecoder(classes, 1, 8, seed=0, blocks=2, width=2, logarithm=True).to(dtype).eval()


def pairs(n: int, seed: int, dtype: torch.dtype = torch.float64, classes: int = 4) -> tuple[Tensor, Tensor]:
    """Vectors, and pictures as unlike each other as the vectors are."""
    generator = torch.Generator().manual_seed(seed)
    vectors = (2 * torch.randn(n, classes, generator=generator)).softmax(dim=1)
    images = (vectors[:, :, None, None] - 0.25).reshape(n, 1, 2, 2).repeat_interleave(4, 2).repeat_interleave(4, 3)
    return vectors.to(dtype), images.to(dtype)


def substitute(dtype: torch.dtype = torch.float64, **options: str) -> Substitute:
    return Substitute.aim(decoder(dtype), *pairs(6, 0, dtype), batch_size=4, **options)
