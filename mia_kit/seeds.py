"""Random numbers from a seed and from nothing else; a seed is a whole number from 0."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Generator

from mia_kit import check


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch's global random numbers come from `seed` inside the block, and are as before after it."""
    seed = check.count("seed", seed, 0, 2**63 - 1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def stream(seed: int) -> Generator:
    """A generator on the CPU, the same for every device."""
    return Generator().manual_seed(check.count("seed", seed, 0, 2**63 - 1))
