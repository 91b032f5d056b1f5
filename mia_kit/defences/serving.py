"""Defences that change the served confidences and know nothing of the picture: `serve(confidences) -> confidences`.

Rounding and truncation are what services do anyway. OneParameter follows "One Parameter Defense: Defending Against Data
Inference Attacks via Differential Privacy" (Ye et al., IEEE TIFS 2022) in its idea, noise by one privacy budget that
leaves the order of the entries alone; we take Laplace noise. The order is that of the clean vector, so that what is
served is not differentially private as a whole.

All serve probability vectors, and none trains anything. Those in `mia_kit.defences.picture_poison` look at the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from mia_kit import check
from mia_kit.defences.vectors import check_confidences, repaired
from mia_kit.signatures import checked
from mia_kit.training.seeds import Calls

# The sum of the absolute differences of two probability vectors is 2 at most.
SENSITIVITY = 2.0
# Of more decimals than a number has, the powers of ten leave its range.
MOST_DECIMALS = 16


class ServingDefence(Protocol):
    """What `ConfidenceAPI` asks of a defence."""

    def serve(self, confidences: Tensor) -> Tensor:
        """Probability vectors of shape (n, classes) for those of a softmax."""
        ...


@dataclass(frozen=True)
class Rounding:
    """Confidences to so many decimals, divided by their sum.

    The label can be lost where rounding makes it the equal of an earlier class. A row that is 0 throughout becomes the
    label's one-hot vector. ValueError unless `decimals` is from 0 to 16.
    """

    decimals: int = 2

    def __post_init__(self) -> None:
        check.whole_fields(self, decimals=0)
        check.count("decimals", self.decimals, 0, MOST_DECIMALS)

    def serve(self, confidences: Tensor) -> Tensor:
        """ValueError unless the rows are probability vectors."""
        check_confidences(confidences)
        rounded = confidences.round(decimals=self.decimals)
        total = rounded.sum(dim=1, keepdim=True)
        label = one_hot(confidences.argmax(dim=1), confidences.shape[1]).to(confidences)
        return torch.where(total > 0, rounded / total.clamp_min(torch.finfo(total.dtype).tiny), label)


@dataclass(frozen=True)
class TopTruncation:
    """The `k` greatest confidences, divided by their sum, and 0 for the rest; the label is kept.

    ValueError unless `k` is at least 1; with more than there are classes, all are served.
    """

    k: int = 5

    def __post_init__(self) -> None:
        check.whole_fields(self, k=1)

    def serve(self, confidences: Tensor) -> Tensor:
        """ValueError unless the rows are probability vectors."""
        check_confidences(confidences)
        kept = confidences.argsort(dim=1, descending=True, stable=True)[:, : self.k]  # (n, k)
        top = torch.zeros_like(confidences).scatter(1, kept, confidences.gather(1, kept))
        return top / top.sum(dim=1, keepdim=True)


class OneParameter:
    """Laplace noise of scale 2 / epsilon on each entry; the noisy values are given back in the clean order of rank.

    Negative values become 0 and the rest are divided by their sum; where nothing is left, the clean vector is served.
    The label is kept, and no entry passes a greater one. Each call has fresh noise. The smaller epsilon, above 0, the
    more noise; what is served is not epsilon-private, for its label and its order are the clean ones.
    """

    @checked
    def __init__(self, epsilon: float, *, seed: int) -> None:
        self.epsilon, self._calls = check.in_range("epsilon", epsilon, 0, open_ends="low"), Calls(seed)

    def serve(self, confidences: Tensor) -> Tensor:
        """ValueError unless the rows are probability vectors, or where the noise leaves the range of their dtype."""
        check_confidences(confidences)
        generator = self._calls.generator()
        # The difference of two exponential numbers has a Laplace distribution.
        draws = torch.empty(2, *confidences.shape, dtype=torch.float64).exponential_(generator=generator)
        noise = (SENSITIVITY / self.epsilon * (draws[0] - draws[1])).to(confidences)
        noisy = (confidences + noise).clamp_min(0).sort(dim=1, descending=True).values
        order = confidences.argsort(dim=1, descending=True, stable=True)
        total = noisy.sum(dim=1, keepdim=True)
        check.finite(f"sums of confidences with the noise of epsilon {self.epsilon:g}", total)
        shares = noisy / total.clamp_min(torch.finfo(noisy.dtype).tiny)
        return repaired(torch.zeros_like(noisy).scatter(1, order, shares), confidences)
