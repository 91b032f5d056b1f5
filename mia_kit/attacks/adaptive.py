"""What an attacker may do to served vectors who knows that they are poisoned, before a decoder sees them.

Noise and a second softmax are those of "Defending Against Neural Network Model Inversion Attacks via Data Poisoning"
(Zhou et al., table 10). There both make the attack weaker, so that they say little of a defence. Averaging the answers
to repeated queries (`repeats` of `mia_kit.attacks.inversion_model.ask`) undoes whatever is drawn afresh; a decoder
trained on vectors that the attacker poisons himself is the attack with a defended service of his own.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mia_kit import check


@dataclass(frozen=True)
class Noise:
    """Gaussian noise of standard deviation `scale` on each entry, then back to a probability vector.

    Negative entries become 0 and the rest are divided by their sum. The noise of a call depends on `seed` and on the
    number of vectors. The paper does not say how strong its noise is. ValueError unless `scale` is at least 0.
    """

    scale: float
    seed: int

    def __post_init__(self) -> None:
        check.in_range("scale", self.scale, 0)

    def __call__(self, vectors: Tensor) -> Tensor:
        """Vectors of the same shape (n, classes), whose rows sum to 1; a row left without positive entry is kept."""
        generator = torch.Generator().manual_seed(self.seed)
        noise = torch.randn(vectors.shape, generator=generator, dtype=torch.float64).to(vectors)
        noisy = (vectors + self.scale * noise).clamp_min(0)
        total = noisy.sum(dim=1, keepdim=True)
        return torch.where(total > 0, noisy / total.clamp_min(torch.finfo(noisy.dtype).tiny), vectors)


def second_softmax(vectors: Tensor) -> Tensor:
    """softmax(c) of served confidences c of shape (n, classes): it flattens small differences, and large ones too."""
    return vectors.softmax(dim=1)
