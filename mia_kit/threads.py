"""One thread for small networks, so that thirty learners can share a computer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Run PyTorch on one thread inside the block, and on as many as before after it.

    Layers as small as those of chapters 1 and 2 gain nothing from a second thread. When another program runs on the
    same core the threads wait for each other at every layer: training was measured to take ten times as long.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
