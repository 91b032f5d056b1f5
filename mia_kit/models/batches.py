"""Many images through a network, a batch at a time: what does not fit into memory at once is put together after."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mia_kit import check


@torch.no_grad()
def in_batches(function: Callable[[Tensor], Tensor], images: Tensor, *, batch_size: int = 128) -> Tensor:
    """What `function` makes of `images`, each of n rows, without gradients; a network stays in the mode it is in."""
    check.kind("function", function, Callable, "a function")
    check.kind("images", images, Tensor, "a Tensor")
    return torch.cat([function(batch) for batch in images.split(check.count("batch_size", batch_size))])
