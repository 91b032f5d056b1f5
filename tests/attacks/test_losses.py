"""The attacker's losses: closed forms, gradients, bad input."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mia_kit.attacks.losses import LOSSES, others_down, poincare
from tests.rows import INF, LOGIT, confidence

LOGITS = torch.tensor([[2.0, -1.0, 1.0], [0.5, 3.0, -0.5]], dtype=torch.float64)
TARGETS = torch.tensor([0, 2])


def test_poincare_does_not_depend_on_the_scale_and_is_finite_at_the_border() -> None:
    assert torch.allclose(poincare(LOGITS, TARGETS), poincare(7 * LOGITS, TARGETS))
    edge = torch.tensor([[5.0, 0.0, 0.0], [0.0, 5.0, 0.0], [0.0, 0.0, 0.0]], requires_grad=True)
    losses = poincare(edge, torch.tensor([0, 0, 0]))
    losses.sum().backward()
    assert losses.isfinite().all()
    assert edge.grad is not None
    assert edge.grad.isfinite().all()


def test_others_down_by_hand_and_in_every_class() -> None:
    """Row 0: the others' mean is 0. Each other class is pushed as hard as the next, however sure the target is."""
    assert others_down(LOGITS, TARGETS).tolist() == [-2.0, 1.75 + 0.5]
    sure = torch.tensor([[50.0, 1.0, -3.0]], dtype=torch.float64, requires_grad=True)
    others_down(sure, torch.tensor([0])).sum().backward()
    assert sure.grad is not None and sure.grad.tolist() == [[-1.0, 0.5, 0.5]]


def by_hand(name: str, row: list[float], target: int) -> float:
    """Each loss of one row in plain Python, where infinite logits come to their limits by themselves."""
    others = [value for place, value in enumerate(row) if place != target]
    return {
        "poincare": lambda: poincare_by_hand(row, target),
        "cross_entropy": lambda: -math.log(confidence(row, target)) if confidence(row, target) else INF,
        "lack_of_confidence": lambda: 1 - confidence(row, target),
        "logit": lambda: -row[target],
        "margin": lambda: max(others) - row[target],
        "others_down": lambda: sum(others) / len(others) - row[target],
    }[name]()


def poincare_by_hand(row: list[float], target: int) -> float:
    infinite = [math.copysign(1, value) * math.isinf(value) for value in row]
    row = infinite if any(infinite) else row
    length = sum(map(abs, row)) or 1
    u, v = [value / length for value in row], [0.9999 * (place == target) for place in range(len(row))]
    gap = sum((a - b) ** 2 for a, b in zip(u, v, strict=True))
    denominator = (1 - sum(a * a for a in u)) * (1 - sum(b * b for b in v))
    return math.acosh(1 + 2 * gap / max(denominator, 2e-10))


@given(st.lists(LOGIT, min_size=2, max_size=6), st.data())
def test_every_loss_by_hand_also_of_absent_classes(row: list[float], data: st.DataObject) -> None:
    target = data.draw(st.integers(0, len(row) - 1))
    for name, loss in LOSSES.items():
        told = loss(torch.tensor([row], dtype=torch.float64), torch.tensor([target])).item()
        expected = by_hand(name, row, target)
        assert (math.isnan(told) and math.isnan(expected)) or told == pytest.approx(expected, rel=1e-6, abs=1e-9), name


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("name", LOSSES)
def test_half_precision_with_a_hundred_thousand_classes(name: str, dtype: torch.dtype) -> None:
    logits = (8 + torch.randn(2, 100_000, generator=torch.Generator().manual_seed(0))).to(dtype)
    told = LOSSES[name](logits, torch.tensor([0, 99_999]))
    assert told.dtype == torch.float32
    torch.testing.assert_close(
        told.double(), LOSSES[name](logits.double(), torch.tensor([0, 99_999])), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("name", LOSSES)
def test_gradients(name: str) -> None:
    logits = torch.randn(4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    targets = torch.tensor([0, 4, 2, 2])
    assert torch.autograd.gradcheck(lambda x: LOSSES[name](x, targets), logits)
