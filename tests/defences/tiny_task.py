"""Pictures told apart by their brightness."""

import torch
from torch import Tensor


def task(n: int = 12, classes: int = 2) -> tuple[Tensor, Tensor]:
    labels = torch.arange(n) % classes
    noise = torch.randn(n, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    return (0.3 * noise + labels[:, None, None, None] / (classes - 1) - 0.5).clamp(-1, 1), labels
