"""The attacker's losses: closed forms, gradients, bad input."""

import math

import pytest
import torch

from mia_kit.attacks.losses import LOSSES, cross_entropy, logit, margin, others_down, poincare

LOGITS = torch.tensor([[2.0, -1.0, 1.0], [0.5, 3.0, -0.5]], dtype=torch.float64)
TARGETS = torch.tensor([0, 2])


def test_poincare_by_hand() -> None:
    """Row 0: u = (2, -1, 1) / 4 and v = (0.9999, 0, 0)."""
    gap = (0.5 - 0.9999) ** 2 + 2 * 0.25**2
    expected = math.acosh(1 + 2 * gap / ((1 - 0.375) * (1 - 0.9999**2)))
    assert poincare(LOGITS, TARGETS)[0].item() == pytest.approx(expected, rel=1e-9)


def test_poincare_stays_in_float32() -> None:
    half = poincare(LOGITS.half(), TARGETS)
    assert half.dtype == torch.float32
    assert torch.allclose(half, poincare(LOGITS.float(), TARGETS), rtol=1e-3)


def test_poincare_does_not_depend_on_the_scale_and_is_finite_at_the_border() -> None:
    assert torch.allclose(poincare(LOGITS, TARGETS), poincare(7 * LOGITS, TARGETS))
    edge = torch.tensor([[5.0, 0.0, 0.0], [0.0, 5.0, 0.0], [0.0, 0.0, 0.0]], requires_grad=True)
    losses = poincare(edge, torch.tensor([0, 0, 0]))
    losses.sum().backward()
    assert losses.isfinite().all()
    assert edge.grad is not None
    assert edge.grad.isfinite().all()


def test_cross_entropy_logit_margin_by_hand() -> None:
    assert cross_entropy(LOGITS, TARGETS)[0].item() == pytest.approx(math.log(1 + math.exp(-3) + math.exp(-1)))
    assert logit(LOGITS, TARGETS).tolist() == [-2.0, 0.5]
    assert margin(LOGITS, TARGETS).tolist() == [-1.0, 3.5]


def test_others_down_by_hand_and_in_every_class() -> None:
    """Row 0: the others' mean is 0. Each other class is pushed as hard as the next, however sure the target is."""
    assert others_down(LOGITS, TARGETS).tolist() == [-2.0, 1.75 + 0.5]
    sure = torch.tensor([[50.0, 1.0, -3.0]], dtype=torch.float64, requires_grad=True)
    others_down(sure, torch.tensor([0])).sum().backward()
    assert sure.grad is not None and sure.grad.tolist() == [[-1.0, 0.5, 0.5]]


@pytest.mark.parametrize("name", LOSSES)
def test_gradients(name: str) -> None:
    logits = torch.randn(4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    targets = torch.tensor([0, 4, 2, 2])
    assert torch.autograd.gradcheck(lambda x: LOSSES[name](x, targets), logits)


@pytest.mark.parametrize("name", LOSSES)
def test_bad_input(name: str) -> None:
    with pytest.raises(ValueError, match=r"target classes must lie in \[0, 3\), got values from 0 to 3 instead"):
        LOSSES[name](LOGITS, torch.tensor([0, 3]))
    with pytest.raises(ValueError, match=r"got \(2, 3\) and \(1,\) instead"):
        LOSSES[name](LOGITS, torch.tensor([0]))
