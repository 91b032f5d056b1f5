"""Planes against losses asked one by one; curvature against numpy's eigenvalues of quadratics, in float64."""

import numpy as np
import pytest
import torch
from torch import nn

from mia_kit.metrics.landscape import class_loss, curvature, loss_plane

SHAPE = (1, 2, 3)


def symmetric(seed, eigenvalues=None):
    """Symmetric matrices of shape (6, 6), with given eigenvalues or random ones."""
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(6, 6))
    if eigenvalues is None:
        return torch.from_numpy(matrix + matrix.T)
    basis = np.linalg.qr(matrix)[0]
    return torch.from_numpy(basis @ np.diag(eigenvalues) @ basis.T)


def quadratic(matrices):
    """Half x' A x, each image with a matrix of its own."""
    return lambda images: 0.5 * torch.einsum("ni,nij,nj->n", images.flatten(1), matrices, images.flatten(1))


def images(count, seed=0):
    return torch.randn(count, *SHAPE, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_curvature_is_numpys_eigenvalue_of_greatest_size_with_its_sign():
    matrices = torch.stack([symmetric(seed) for seed in range(8)])
    expected = [max(np.linalg.eigvalsh(matrix), key=abs) for matrix in matrices.numpy()]
    assert min(expected) < 0 < max(expected)
    found = curvature(quadratic(matrices), images(8), seed=0, iterations=1000, tolerance=1e-5)
    assert found.converged.all()
    np.testing.assert_allclose(found.values, expected, rtol=1e-8)


def test_curvatures_whose_squares_float32_cannot_hold():
    matrices = 1e-22 * torch.stack([symmetric(seed) for seed in range(8)])
    expected = [max(np.linalg.eigvalsh(matrix), key=abs) for matrix in matrices.numpy()]
    found = curvature(quadratic(matrices.float()), images(8).float(), seed=0, iterations=1000, tolerance=1e-3)
    assert found.converged.all()
    np.testing.assert_allclose(found.values, expected, rtol=1e-5)


def test_equal_eigenvalues_of_opposite_sign_do_not_settle():
    found = curvature(quadratic(symmetric(0, [2, -2, 0, 0, 0, 0])[None]), images(1), seed=0, iterations=50)
    assert not found.converged[0]


def test_a_flat_or_a_linear_loss_has_no_curvature():
    for loss in (lambda x: x.flatten(1).sum(dim=1), lambda x: (0 * x.flatten(1) ** 2).sum(dim=1)):
        found = curvature(loss, images(2), seed=0)
        assert found.values.tolist() == [0, 0] and found.converged.all()


def network(activation):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Flatten(), nn.Linear(6, 8), activation, nn.Linear(8, 4)).double()


@pytest.mark.parametrize("activation", [nn.ReLU(), nn.Tanh()])
def test_curvature_of_a_network_against_its_whole_hessian(activation):
    loss, given = class_loss(network(activation), 2), images(5)
    found = curvature(loss, given, seed=1, iterations=2000, tolerance=1e-7, batch_size=2)
    for image, value in zip(given, found.values, strict=True):
        whole = torch.autograd.functional.hessian(lambda x: loss(x.view(1, *SHAPE))[0], image.flatten())
        assert value == pytest.approx(max(np.linalg.eigvalsh(whole.numpy()), key=abs), rel=1e-6)
        if isinstance(activation, nn.ReLU):
            assert value > 0


def test_plane_goes_through_both_pictures():
    """The squared distance to the target is that of the coordinates: both directions are equally long, at right angles.

    With margin 0.5, nine cells stand a quarter apart.
    """
    target, surrogate = images(2, seed=3)
    unit = (surrogate - target).square().sum()
    plane = loss_plane(lambda x: (x - target).flatten(1).square().sum(dim=1), target, surrogate, seed=0, cells=9)
    expected = float(unit) * (plane.across[None] ** 2 + plane.aside[:, None] ** 2)
    np.testing.assert_allclose(plane.losses, expected, rtol=1e-10, atol=1e-10)
    assert plane.across[[0, 2, 6, 8]].tolist() == [-0.5, 0, 1, 1.5] and plane.aside[[0, 4, 8]].tolist() == [-1, 0, 1]
    assert plane.losses[4, 6] == pytest.approx(plane.at_surrogate) == pytest.approx(float(unit))
    assert plane.at_target == 0


def test_each_image_can_have_a_class_of_its_own():
    model, given = network(nn.Softplus()), images(3)
    loss = class_loss(model, torch.tensor([2, 0, 2]))
    expected = torch.stack([class_loss(model, own)(given)[place] for place, own in enumerate((2, 0, 2))])
    torch.testing.assert_close(loss(given), expected)
    together = curvature(loss, given, seed=0, iterations=300, tolerance=1e-4)
    alone = [
        curvature(class_loss(model, own), given[place : place + 1], seed=0, iterations=300, tolerance=1e-4).values[0]
        for place, own in enumerate((2, 0, 2))
    ]
    np.testing.assert_allclose(together.values, alone, rtol=1e-2)
    with pytest.raises(ValueError, match=r"one for each image of a batch, must have the shape \(2,\), got \(3,\)"):
        loss(given[:2])


def test_a_loss_that_is_no_number_is_neither_flat_nor_steep():
    target, surrogate = images(2)

    def broken(given):
        return given.flatten(1).sum(dim=1) * torch.nan

    with pytest.raises(ValueError, match="losses on the plane must be finite"):
        loss_plane(broken, target, surrogate, seed=0)
    with pytest.raises(ValueError, match="curvatures must be finite, got 1 of 1"):
        curvature(lambda given: broken(given) ** 2, images(1), seed=0)
