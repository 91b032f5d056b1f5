"""The loss around a picture: on a plane through two pictures, and its greatest curvature.

The data-centric defence (Chen et al., see `mia_kit.defences.data_centric`) is to make the loss of the protected class
low and flat around the surrogate, high and steep around the protected pictures. Curvature is the eigenvalue of
greatest size of the Hessian of the loss with respect to the picture, by power iteration on products of Hessian and
vector (double backward, Pearlmutter, 1994). A loss is a function of images of shape (n, ...) that gives a Tensor of
shape (n,), each image's from that image alone: a network has to be in evaluation mode.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.linalg import vector_norm

from mia_kit import check
from mia_kit.seeds import stream

Loss = Callable[[Tensor], Tensor]
MARGIN, BATCH = 0.5, 128


def class_loss(logits: Callable[[Tensor], Tensor], target_classes: int | Tensor) -> Loss:
    """-log of the confidence in the target class: what a white-box attacker lowers.

    `logits` gives scores of shape (n, classes); `target_classes` is one class for all images, or int64 of shape (n,)
    for n images that are asked about together: give `curvature` a `batch_size` of at least n.
    """

    def loss(images: Tensor) -> Tensor:
        scores = logits(images).log_softmax(dim=1)
        if isinstance(target_classes, Tensor):
            name = "target_classes, one for each image of a batch,"
            check.labels(target_classes, classes=scores.shape[1], length=len(images), name=name)
            return -scores.gather(1, target_classes[:, None]).squeeze(1)
        return -scores[:, check.count("target_classes", target_classes, 0, scores.shape[1] - 1)]

    return loss


@dataclass(frozen=True, eq=False)
class LossPlane:
    """Losses at target + across (surrogate - target) + aside direction.

    across : of shape (columns,); 0 at the target, 1 at the surrogate
    aside : of shape (rows,); along a random direction, at right angles to the other and as long as it
    losses : of shape (rows, columns)
    at_target, at_surrogate : the loss at both pictures themselves
    """

    across: np.ndarray
    aside: np.ndarray
    losses: np.ndarray
    at_target: float
    at_surrogate: float


@torch.no_grad()
def loss_plane(loss: Loss, target: Tensor, surrogate: Tensor, *, seed: int, cells: int = 41) -> LossPlane:
    """The loss on a plane through two pictures and a random direction, which `seed` draws.

    It goes half of the pictures' distance past both, is as wide as long, with `cells` points along either side, and
    leaves the pictures' limits. `target` and `surrogate` are different images of one shape, without a batch dimension.
    """
    check.kind("loss", loss, Callable, "a function")
    check.kind("target", target, Tensor, "a Tensor")
    check.kind("surrogate", surrogate, Tensor, "a Tensor")
    check.shape("surrogate", surrogate, target.shape)
    if torch.equal(target, surrogate):
        raise ValueError("target and surrogate must be different images, got the same twice instead")
    cells = check.count("cells", cells, 2)
    length = surrogate - target
    across = torch.linspace(-MARGIN, 1 + MARGIN, cells, dtype=torch.float64)
    aside = torch.linspace(-0.5 - MARGIN, 0.5 + MARGIN, cells, dtype=torch.float64)
    places = torch.cartesian_prod(aside, across).to(target)  # (cells * cells, 2), a row of the plane after the other
    places = torch.cat([places, places.new_tensor([[0.0, 0.0], [0.0, 1.0]])])
    directions = torch.stack([_aside(length, seed), length])  # (2, ...)
    losses = torch.cat([loss(target + torch.tensordot(part, directions, 1)) for part in places.split(BATCH)])
    check.finite("losses on the plane", losses)
    values = losses.double().cpu().numpy()
    plane = values[:-2].reshape(cells, cells)
    return LossPlane(across.numpy(), aside.numpy(), plane, at_target=float(values[-2]), at_surrogate=float(values[-1]))


def _aside(length: Tensor, seed: int) -> Tensor:
    """A random direction at right angles to `length`, and as long."""
    check.count("the number of pixels of a picture", length.numel(), 2)
    random = torch.randn(length.shape, generator=stream(seed), dtype=torch.float64).to(length)
    random = random - (random * length).sum() / length.square().sum() * length
    return random * length.norm() / random.norm()


@dataclass(frozen=True, eq=False)
class Curvature:
    """The eigenvalue of greatest size of each image's Hessian; arrays of shape (n,).

    values : eigenvalues with their sign, above 0 where the loss curves upwards. Per squared unit of the images
    converged : whether |H v - value v|, for the vector v of length 1 found, is at most the tolerance times the value's
        size: an eigenvalue lies this near to it
    """

    values: np.ndarray
    converged: np.ndarray


def curvature(
    loss: Loss, images: Tensor, *, seed: int, iterations: int = 100, tolerance: float = 0.01, batch_size: int = 32
) -> Curvature:
    """The greatest curvature of a loss at each image, by power iteration from a random vector.

    For cross-entropy and a network of linear maps, ReLU and maxima the Hessian has no negative eigenvalue, so that this
    is the greatest one. Where two eigenvalues of opposite sign are equal in size the iteration does not settle, and
    `converged` is False. Where the loss is flat the value is 0.

    images : float Tensor of shape (n, ...), `batch_size` of which are worked on together
    iterations : the most products of Hessian and vector; a batch stops once all its images converged
    """
    check.kind("loss", loss, Callable, "a function")
    check.count("the number of images", len(check.floats("images", images, None)))
    iterations, batch_size = check.count("iterations", iterations), check.count("batch_size", batch_size)
    tolerance = check.in_range("tolerance", tolerance, 0, open_ends="low")
    first = torch.randn(images.shape, generator=stream(seed), dtype=torch.float64).to(images.device)
    parts = [
        _power_iteration(loss, part, vectors, iterations, tolerance)
        for part, vectors in zip(images.split(batch_size), first.split(batch_size), strict=True)
    ]
    measured, missed = zip(*parts, strict=True)
    values, errors = (torch.cat(rows).cpu().numpy() for rows in (measured, missed))
    check.finite("curvatures", values)
    return Curvature(values, errors <= tolerance * abs(values))


def _power_iteration(
    loss: Loss, images: Tensor, vectors: Tensor, iterations: int, tolerance: float
) -> tuple[Tensor, Tensor]:
    """Values and errors, each of shape (n,), in float64: a short vector's squares leave the range of float32."""
    product = hessian_product(loss, images)
    vectors = _unit(vectors.flatten(1))  # (n, d)
    for _ in range(iterations):
        turned = product(vectors.view_as(images).to(images)).flatten(1).double()
        values = (vectors * turned).sum(dim=1)  # Rayleigh's quotient, which keeps the sign
        errors = vector_norm(turned - values[:, None] * vectors, dim=1)
        if (errors <= tolerance * values.abs()).all():
            break
        vectors = torch.where(turned.any(dim=1, keepdim=True), _unit(turned), vectors)
    return values, errors


def hessian_product(loss: Loss, images: Tensor) -> Callable[[Tensor], Tensor]:
    """(n, ...) -> (n, ...): each image's Hessian times its vector. The gradient is taken once, for all products."""
    images = images.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(images).sum(), images, create_graph=True)

    def product(vectors: Tensor) -> Tensor:
        if not gradient.requires_grad:  # a linear loss has the same gradient everywhere
            return torch.zeros_like(vectors)
        (turned,) = torch.autograd.grad(gradient, images, vectors, retain_graph=True, materialize_grads=True)
        return turned.detach()

    return product


def _unit(rows: Tensor) -> Tensor:
    return rows / vector_norm(rows, dim=1, keepdim=True).clamp_min(torch.finfo(rows.dtype).tiny)
