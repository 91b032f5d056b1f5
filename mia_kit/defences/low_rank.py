"""LoFt: the features pass through a few numbers before the last layer, so that little can be read back from them.

Yu et al., "Rank Matters: Understanding and Defending Model Inversion Attacks via Low-Rank Feature Filtering" (arXiv
2410.05814): features of high rank leak more. The last layer becomes two, d features to r numbers to classes, with a
tanh between, whose gradient vanishes where it is saturated. We read abstract and summaries; the paper's ranks and its
adaptation of confidences we could not find.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

from torch import Tensor, nn

from mia_kit import check
from mia_kit.models import Classifier
from mia_kit.seeds import seeded


class LowRankClassifier(Classifier):
    """A copy of `inner` with two layers and a tanh for its last one.

    Its `features` are the `rank` numbers in (-1, 1) and its `head` the layer on them, so that attacks take it as they
    take any classifier. `seed` seeds the two new layers.
    """

    def __init__(self, inner: Classifier, rank: int, *, seed: int) -> None:
        super().__init__()
        size, classes = inner.head.in_features, inner.head.out_features
        self.channels, self.inner = inner.channels, copy.deepcopy(inner)
        self.inner.head = nn.Identity()  # type: ignore[assignment]  # a layer without use would still be decayed
        with seeded(seed):
            self.reduce = nn.Linear(size, rank)
            self.head = nn.Linear(rank, classes)

    def features(self, images: Tensor) -> Tensor:
        """The numbers that are left, of shape (n, r), for `images` as in `Classifier.features`."""
        return self.reduce(self.inner.features(images)).tanh()


@dataclass(frozen=True)
class LowRank:
    """The share `removed`, in [0, 1), of the features' rank goes: r = (1 - removed) d, rounded, 1 at least."""

    removed: float

    def __post_init__(self) -> None:
        check.in_range("the share of the features' rank to remove", self.removed, 0, 1, open_ends="high")

    def __call__(self, model: Classifier, seed: int) -> LowRankClassifier:
        """The classifier with the two layers."""
        return LowRankClassifier(model, max(1, round((1 - self.removed) * model.head.in_features)), seed=seed)
