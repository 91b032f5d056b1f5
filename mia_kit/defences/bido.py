"""BiDO: hidden layers that depend on the label and little on the picture.

Peng et al., "Bilateral Dependency Optimization: Defending Against Model-inversion Attacks" (KDD 2022), with its
normalised Hilbert-Schmidt independence criterion (nHSIC):

    cross-entropy + sum over layers h of  a1 nHSIC(h, x) - a2 nHSIC(h, y),
    nHSIC(u, v) = trace(R_u R_v),  R = K (K + eps m I)^-1

for centred kernel matrices K of the m pictures of a batch: Gaussian for layers and pictures (sigma 5, squared distances
divided by the number of dimensions, as in the authors' public code), linear for one-hot labels. R is solved for by
Cholesky's method and never through an inverse; the layers' terms are traces of R_h with one matrix, a1 R_x - a2 R_y. A
centred K has R K = K R; centred on one side only, as in the public code, R has the same traces.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from mia_kit import check
from mia_kit.models import Backbone, ResidualClassifier, SmallClassifier
from mia_kit.models.backbones import RESNETS
from mia_kit.models.residual import ResidualBlock
from mia_kit.smoothing import at_least_float32

PICTURE_WEIGHT, LABEL_WEIGHT = 0.05, 0.5
SIGMA, EPSILON = 5.0, 1e-5


@dataclass(frozen=True)
class BidoObjective:
    """Cross-entropy with the two dependencies, an objective for `fit`.

    picture_weight : a1, at least 0: how much depending on the picture costs
    label_weight : a2, at least 0: how much depending on the label gains
    layers : names of the layers, as in `model.named_modules()`; empty for those of `hidden_layers`
    """

    not_private: ClassVar[str] = "it compares the pictures of a batch"

    picture_weight: float = PICTURE_WEIGHT
    label_weight: float = LABEL_WEIGHT
    layers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check.in_range("picture_weight", self.picture_weight, 0)
        check.in_range("label_weight", self.label_weight, 0)

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, epoch: int) -> Tensor:
        """The loss of a batch. ValueError if the layers are unknown or a label is not in [0, classes)."""
        with _recorded(model, self.layers or hidden_layers(model)) as outputs:
            logits: Tensor = model(images)
        dependence = weighted_dependence(
            outputs,
            images,
            labels,
            logits.shape[1],
            picture_weight=self.picture_weight,
            label_weight=self.label_weight,
        )
        return cross_entropy(logits, labels) + dependence


def hidden_layers(model: nn.Module) -> tuple[str, ...]:
    """The five layers of the paper: the outputs of the four stages or blocks at falling sizes, and the features.

    ValueError for models other than our small ones, ResNets and DenseNets: name their layers.
    """
    if isinstance(model, SmallClassifier):
        return (*(f"body.{place}" for place in range(4)), "body")
    if isinstance(model, ResidualClassifier):
        blocks = (f"body.{name}" for name, part in model.body.named_children() if isinstance(part, ResidualBlock))
        return (*blocks, "body")
    if isinstance(model, Backbone) and model.name in RESNETS:
        return (*(f"trunk.layer{stage}" for stage in range(1, 5)), "trunk")
    if isinstance(model, Backbone) and model.name.startswith("densenet"):
        return (*(f"trunk.features.denseblock{stage}" for stage in range(1, 5)), "trunk")
    kind = model.name if isinstance(model, Backbone) else type(model).__name__
    raise ValueError(f"expected a model whose layers are known, got {kind} instead: name them in BidoObjective")


def weighted_dependence(
    hidden: list[Tensor], images: Tensor, labels: Tensor, classes: int, *, picture_weight: float, label_weight: float
) -> Tensor:
    """Sum over the hidden layers of `picture_weight` nHSIC(h, images) - `label_weight` nHSIC(h, labels), a scalar.

    `hidden` and `images` have m rows of any shape, `labels` are integers of shape (m,) in [0, classes).
    """
    check.labels(labels, classes=classes, length=len(images))
    with torch.no_grad():
        on_labels = residual_operator(linear_kernel(one_hot(labels, classes).to(images.dtype)))
        weights = picture_weight * residual_operator(gaussian_kernel(images)) - label_weight * on_labels  # (m, m)
    kernels = torch.stack([gaussian_kernel(layer) for layer in hidden])  # (layers, m, m)
    return (residual_operator(kernels) * weights).sum()


def normalised_hsic(first: Tensor, second: Tensor) -> Tensor:
    """nHSIC of two kernel matrices of shape (m, m), symmetric and centred: a scalar in [0, m - 1]."""
    for kernel in (first, second):
        check.shape("each kernel", kernel, (len(first), len(first)))
    return (residual_operator(first) * residual_operator(second)).sum()


def residual_operator(kernel: Tensor) -> Tensor:
    """R = K (K + eps m I)^-1 for centred kernels of shape (..., m, m), by Cholesky's method; NaN where it fails."""
    size = kernel.shape[-1]
    lifted = kernel + EPSILON * size * torch.eye(size, dtype=kernel.dtype, device=kernel.device)
    factor, failed = torch.linalg.cholesky_ex(lifted)  # of a model that ran away the kernel is no number
    return torch.cholesky_solve(kernel, factor).masked_fill(failed[..., None, None] > 0, torch.nan)


def gaussian_kernel(rows: Tensor) -> Tensor:
    """Centred kernel matrix exp(-|u - v|^2 / (2 sigma^2 d)), of shape (m, m), of m rows of d numbers in any shape."""
    rows = at_least_float32(rows).flatten(1)
    rows = rows - rows.mean(dim=0)  # distances stay; less is lost in the differences of squares below
    squares = rows.square().sum(dim=1)
    distances = (squares[:, None] + squares - 2 * rows @ rows.T).clamp_min(0)
    return _centred((-distances / (2 * SIGMA**2 * rows.shape[1])).exp())


def linear_kernel(rows: Tensor) -> Tensor:
    """Centred matrix of inner products, of shape (m, m), of `rows` of shape (m, d)."""
    rows = at_least_float32(rows)
    return _centred(rows @ rows.T)


def _centred(kernel: Tensor) -> Tensor:
    kernel = kernel - kernel.mean(dim=0, keepdim=True)
    return kernel - kernel.mean(dim=1, keepdim=True)


@contextmanager
def _recorded(model: nn.Module, layers: tuple[str, ...]) -> Iterator[list[Tensor]]:
    """The outputs of the named layers in the order in which the model computes them."""
    known = dict(model.named_modules())
    if unknown := [name for name in layers if name not in known]:
        raise ValueError(f"{type(model).__name__} has no layer named {unknown[0]!r}: see model.named_modules()")
    outputs: list[Tensor] = []
    with ExitStack() as hooks:
        for name in layers:
            hooks.enter_context(known[name].register_forward_hook(lambda _, __, output: outputs.append(output)))
        yield outputs
