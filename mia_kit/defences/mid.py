"""MID: a noisy bottleneck on the penultimate features limits what the logits can say about the picture.

Wang, Zhang and Jia, "Improving Robustness to Model Inversion Attacks via Mutual Information Regularization" (AAAI
2021). The d features are turned into the mean and the deviation of a Gaussian of k = d / 2 numbers; one draw from it
goes to the last layer. The loss is cross-entropy plus beta times the divergence of that Gaussian from the standard
one, a bound on the mutual information of picture and logits, in nats, summed over the k numbers.

The model is noisy when it answers, too: otherwise the noise would be a matter of training alone.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, softplus

from mia_kit import check
from mia_kit.models import Classifier
from mia_kit.seeds import seeded
from mia_kit.signatures import checked
from mia_kit.training.seeds import Calls

# Deviations begin small, at softplus(-5) = 0.0067, so that training can begin.
SHIFT = 5.0


class BottleneckClassifier(Classifier):
    """A copy of `inner` with a Gaussian bottleneck between its features and a new last layer.

    Its `features` are draws from the bottleneck, k numbers of any sign, and its `head` is the linear layer on them, so
    that attacks and measures take it as they take any classifier. Both have gradients to the pictures.

    In training mode the noise comes from PyTorch's global numbers, which `fit` seeds. In evaluation mode each call has
    fresh noise that depends on `seed` and on how many calls went before it since the last `eval()`: whatever begins
    with that, as accesses and `predict` do, gets the same answers again, in batches of the same sizes.
    """

    @checked
    def __init__(self, inner: Classifier, *, seed: int) -> None:
        super().__init__()
        self.channels = inner.channels
        size, classes = inner.head.in_features, inner.head.out_features
        if size < 2:
            raise ValueError(f"a bottleneck needs at least 2 features, got {size} instead")
        self._calls = Calls(seed)
        self.inner = copy.deepcopy(inner)
        self.inner.head = nn.Identity()  # type: ignore[assignment]  # a layer without use would still be decayed
        with seeded(seed):
            self.bottleneck = nn.Linear(size, 2 * (size // 2))
            self.head = nn.Linear(size // 2, classes)

    def code(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and deviation of the bottleneck, each of shape (n, k), for `images` as in `Classifier.features`."""
        mean, raw = self.bottleneck(self.inner.features(images)).chunk(2, dim=1)
        return mean, softplus(raw - SHIFT).clamp_min(torch.finfo(raw.dtype).tiny)  # below it, 0 has no logarithm

    def draw(self, mean: Tensor, deviation: Tensor) -> Tensor:
        """One draw of shape (n, k); gradients reach both arguments."""
        if self.training:
            return mean + deviation * torch.randn_like(mean)
        return mean + deviation * torch.randn(mean.shape, generator=self._calls.generator()).to(mean)

    def features(self, images: Tensor) -> Tensor:
        """A draw from the bottleneck, of shape (n, k), for `images` as in `Classifier.features`."""
        return self.draw(*self.code(images))

    def train(self, mode: bool = True) -> Self:
        """As in PyTorch; `eval()` begins the noise anew."""
        self._calls.begin_anew()
        return super().train(mode)


@dataclass(frozen=True)
class MidObjective:
    """Cross-entropy plus beta times the divergence, an objective for `fit` of a `BottleneckClassifier`.

    `beta`, at least 0, is 0.003 for CelebA and 0.001 for FaceScrub.
    """

    beta: float = 0.003

    def __post_init__(self) -> None:
        check.in_range("beta", self.beta, 0)

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, epoch: int) -> Tensor:
        """The mean loss of a batch. TypeError if the model has no bottleneck."""
        if not isinstance(model, BottleneckClassifier):
            raise TypeError(f"MID expected a BottleneckClassifier, got {type(model).__name__} instead: wrap the model")
        mean, deviation = model.code(images)
        logits = model.head(model.draw(mean, deviation))
        return cross_entropy(logits, labels) + self.beta * divergence(mean, deviation).mean()


def divergence(mean: Tensor, deviation: Tensor) -> Tensor:
    """Kullback-Leibler divergence, in nats, of N(mean, deviation^2) from N(0, 1), each (n, k), of shape (n,)."""
    check.floats("mean", mean, ("n", "k"))
    check.floats("deviation", deviation, mean.shape)
    return 0.5 * (mean.square() + deviation.square() - 1 - 2 * deviation.log()).sum(dim=1)
