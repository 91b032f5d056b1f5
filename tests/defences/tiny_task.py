"""Pictures told apart by their brightness, and the plainest network for them."""

import torch
from torch import Tensor, nn


def task(n: int = 12, classes: int = 2) -> tuple[Tensor, Tensor]:
    labels = torch.arange(n) % classes
    noise = torch.randn(n, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    return (0.3 * noise + labels[:, None, None, None] / (classes - 1) - 0.5).clamp(-1, 1), labels


def linear(classes: int = 2, seed: int = 0) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Flatten(), nn.Linear(256, classes))
