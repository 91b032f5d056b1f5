"""The steps of poisoning: label and bound by construction on random and extreme vectors, projections, gradients."""

import pytest
import torch

from mia_kit.defences.vectors import in_ball, on_simplex, poisoned, random_in_ball, repaired
from tests.defences.extreme_vectors import assert_probabilities, extreme


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("classes", [2, 5, 100])
@pytest.mark.parametrize("bound", [1e-6, 1e-3, 0.3, 2.0])
def test_label_and_bound_hold_on_extreme_vectors(classes, bound, dtype):
    clean, generator = extreme(classes, dtype), torch.Generator().manual_seed(1)
    for size in (bound, 1.0, 1e3):
        perturbation = random_in_ball(clean, size, generator)
        for keeps_label in (True, False):
            made = poisoned(clean, perturbation, bound, keeps_label=keeps_label)
            served = repaired(made, clean, keeps_label=keeps_label)
            assert_probabilities(served, clean, label=keeps_label)
            assert (served - clean).norm(dim=1).max() <= bound + 1e-6


def test_vectors_move_wherever_they_can():
    """Keeping the clean vector would keep every promise, too."""
    clean = extreme(5, torch.float64)
    noise = random_in_ball(clean, 0.1, torch.Generator().manual_seed(1))
    moved = (repaired(poisoned(clean, noise, 0.1), clean) - clean).norm(dim=1)
    assert (moved > 1e-3).double().mean() > 0.9


@pytest.mark.parametrize("keeps_label", [True, False])
def test_gradients_are_right_and_finite_without_perturbation(keeps_label):
    clean = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]], dtype=torch.float64)
    noise = torch.tensor([[0.05, -0.02, 0.01], [0.3, 0.3, -0.6]], dtype=torch.float64, requires_grad=True)
    for bound in (0.02, 3.0):
        assert torch.autograd.gradcheck(lambda d, b=bound: poisoned(clean, d, b, keeps_label=keeps_label), noise)
    still = torch.zeros_like(clean, requires_grad=True)
    (gradient,) = torch.autograd.grad(poisoned(clean, still, 0.1, keeps_label=keeps_label)[:, 0].sum(), still)
    assert gradient.isfinite().all()


def test_the_nearest_probability_vector_by_hand_and_by_its_conditions():
    raw = torch.tensor([[0.2, 0.3, 0.5], [2.0, 0.0, 0.0], [0.9, 0.9, -3.0], [-1.0, -1.0, -1.0]])
    expected = torch.tensor([[0.2, 0.3, 0.5], [1, 0, 0], [0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3]])
    torch.testing.assert_close(on_simplex(raw), expected)
    points = torch.randn(200, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    nearest = on_simplex(points)
    # (raw - nearest) . (other - nearest) <= 0 for all corners is what nearest means.
    slopes = (points - nearest) @ torch.eye(6).double() - ((points - nearest) * nearest).sum(dim=1, keepdim=True)
    assert slopes.max() < 1e-12


def test_balls():
    noise = random_in_ball(torch.zeros(4000, 2), 3.0, torch.Generator().manual_seed(0)).norm(dim=1)
    assert noise.max() <= 3.0001
    assert (noise < 1.5).float().mean() == pytest.approx(0.25, abs=0.03)  # a disc of half the radius
    short = in_ball(torch.tensor([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]]), 1.0)
    torch.testing.assert_close(short, torch.tensor([[0.6, 0.8], [0.3, 0.4], [0.0, 0.0]]))
