"""Probability vectors that break careless code, for the property tests of all defences at serving time."""

import torch
from torch import Tensor


def extreme(classes: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Ties, one-hot, uniform, denormals, near one-hot, near ties, and random ones from flat to saturated."""
    one_hot = torch.eye(classes, dtype=dtype)
    uniform = torch.full((1, classes), 1 / classes, dtype=dtype)
    pair = torch.zeros(2, classes, dtype=dtype)
    pair[0, [0, 1]] = 0.5
    pair[1, [classes - 2, classes - 1]] = 0.5
    denormal = torch.full((classes, classes), 1e-42, dtype=dtype)
    denormal.fill_diagonal_(1)
    close = uniform.repeat(classes, 1) + 1e-7 * one_hot
    tiny = torch.finfo(dtype).tiny * torch.ones(classes, classes, dtype=dtype)
    tiny.fill_diagonal_(1)
    generator = torch.Generator().manual_seed(0)
    scales = torch.tensor([0.01, 1, 10, 100, 1000], dtype=dtype).repeat_interleave(12)[:, None]
    random = (scales * torch.randn(60, classes, generator=generator).to(dtype)).softmax(dim=1)
    return torch.cat([one_hot, uniform, pair, denormal, close, tiny, random])


def assert_probabilities(served: Tensor, clean: Tensor, *, label: bool) -> None:
    """Non-negative, finite, sum 1 within 1e-5, shape and dtype of `clean`, and its label if that is promised."""
    assert served.shape == clean.shape and served.dtype == clean.dtype
    assert not served.requires_grad
    assert served.isfinite().all() and served.min() >= 0
    assert (served.sum(dim=1) - 1).abs().max() < 1e-5
    if label:
        assert torch.equal(served.argmax(dim=1), clean.argmax(dim=1))
