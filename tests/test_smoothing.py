"""Label smoothing: against closed forms, against PyTorch where it agrees, against the paper's schedule."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from mia_kit.smoothing import phases, ramp, smoothed_cross_entropy, smoothed_targets
from mia_kit.training import fit
from tests.rows import INF, LOGIT, log_confidences

LOGITS = torch.randn(7, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
LABELS = torch.tensor([0, 1, 2, 3, 4, 0, 2])


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5, 1.0])
def test_equals_pytorch_where_pytorch_smooths(smoothing):
    theirs = cross_entropy(LOGITS, LABELS, label_smoothing=smoothing)
    torch.testing.assert_close(smoothed_cross_entropy(LOGITS, LABELS, smoothing), theirs, rtol=1e-14, atol=1e-14)


FACTOR = st.floats(-1e3, 1) | st.sampled_from([0.0, 1.0])


@given(st.lists(LOGIT, min_size=1, max_size=6), FACTOR, st.data())
def test_any_factor_by_hand_also_with_absent_classes(row, smoothing, data):
    """Minus infinity costs nothing where the target is 0; otherwise the loss is infinite, of the target's sign."""
    label, classes = data.draw(st.integers(0, len(row) - 1)), len(row)
    expected = 0.0
    for place, log_p in enumerate(log_confidences(row)):
        target = (1 - smoothing) * (place == label) + smoothing / classes
        expected -= target * log_p if target else 0.0
    logits = torch.tensor([row], dtype=torch.float64, requires_grad=True)
    loss = smoothed_cross_entropy(logits, torch.tensor([label]), smoothing)
    assert loss.item() == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)
    if smoothing == 0:
        torch.testing.assert_close(loss, cross_entropy(logits, torch.tensor([label])), equal_nan=True)
    if INF not in row and max(row) > -INF:
        (gradient,) = torch.autograd.grad(loss, logits)
        targets = smoothed_targets(torch.tensor([label]), classes, smoothing, torch.float64)
        torch.testing.assert_close(gradient, logits.softmax(dim=1) - targets)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("smoothing", [-0.5, 0.0, 0.3])
def test_half_precision_with_a_hundred_thousand_classes(dtype, smoothing):
    logits = torch.randn(3, 100_000, generator=torch.Generator().manual_seed(0)).to(dtype).requires_grad_()
    labels = torch.tensor([0, 50_000, 99_999])
    loss = smoothed_cross_entropy(logits, labels, smoothing)
    torch.testing.assert_close(
        loss.double(), smoothed_cross_entropy(logits.double(), labels, smoothing), rtol=1e-5, atol=0
    )
    (gradient,) = torch.autograd.grad(loss, logits)
    assert gradient.dtype == dtype and gradient.isfinite().all()


def test_negative_factor_has_no_floor_and_differs_from_pytorch():
    sure = torch.tensor([[50.0, 0.0, 0.0]])
    label = torch.tensor([0])
    assert smoothed_cross_entropy(sure, label, -0.1) == pytest.approx(-0.1 * 100 / 3, rel=1e-4)
    assert cross_entropy(sure, label, label_smoothing=-0.1) == pytest.approx(0, abs=1e-6)


def test_targets_of_the_paper():
    torch.testing.assert_close(
        smoothed_targets(torch.tensor([2]), 3, -0.3), torch.tensor([[-0.1, -0.1, 1.2]]), rtol=0, atol=1e-6
    )


def test_ramp_is_the_papers_at_100_epochs():
    a = -0.05
    values = [ramp(a, epoch, 100) for epoch in range(100)]
    assert values[:50] == [0.0] * 50
    for epoch in range(50, 75):
        assert values[epoch] == pytest.approx(a * (epoch + 1 - 50) / 50)
    assert values[74] == pytest.approx(0.5 * a)
    assert values[75:] == [a] * 25


def test_every_length_keeps_the_fractions():
    for epochs in range(1, 201):
        factors = [ramp(-0.1, epoch, epochs) for epoch in range(epochs)]
        assert factors[-1] == -0.1
        assert factors == sorted(factors, reverse=True)
        last = 4 * epochs - 4 if epochs < 4 else 3 * epochs  # runs of up to three epochs are full in the last alone
        assert [factor == -0.1 for factor in factors] == [4 * epoch >= last for epoch in range(epochs)]
        assert [factor == 0 for factor in factors] == [epoch < epochs // 2 for epoch in range(epochs)]
        assert [ramp(0.1, epoch, epochs) for epoch in range(epochs)] == [0.1] * epochs


@pytest.mark.parametrize("epochs", [1, 2, 3, 5, 6, 7, 9, 11, 13, 30])
def test_the_learning_rate_drops_where_the_factor_is_full(epochs):
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(1, 2))
    history = fit(model, torch.zeros(2, 1, 1, 1), torch.tensor([0, 1]), seed=0, epochs=epochs, progress=False).history
    drops = [1 + (4 * epoch >= 3 * epochs) + (10 * epoch >= 9 * epochs) for epoch in range(epochs)]
    assert [epoch.learning_rate for epoch in history] == pytest.approx([10.0 ** (-2 - drop) for drop in drops])
    assert drops.index(2) == phases(epochs).full if 2 in drops else epochs <= 3
    assert all(ramp(-0.1, epoch, epochs) == -0.1 for epoch in range(epochs) if drops[epoch] > 1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((LOGITS, LABELS, 1.01), r"factor must lie in \(-inf, 1\], got 1.01"),
        ((LOGITS, LABELS, -math.inf), "got -inf"),
        ((LOGITS.long(), LABELS, 0.1), "logits must be a floating-point Tensor.* got torch.int64"),
        ((LOGITS[0], LABELS, 0.1), r"shape \(n, classes\), got \(5,\)"),
        ((LOGITS, LABELS[:3], 0.1), r"shape \(7,\), got \(3,\)"),
        ((LOGITS, LABELS + 1, 0.1), r"lie in \[0, 5\), got values from 1 to 5"),
    ],
)
def test_bad_input_gets_one_clear_sentence(arguments, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence):
        smoothed_cross_entropy(*arguments)


@pytest.mark.parametrize(("epoch", "epochs"), [(-1, 10), (10, 10), (0, 0)])
def test_ramp_outside_the_run(epoch, epochs):
    with pytest.raises(ValueError, match="epochs? must be"):
        ramp(-0.1, epoch, epochs)
