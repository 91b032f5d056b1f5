"""Training-based inversion: a decoder learns to turn a model's confidences back into pictures, without any gradient.

Yang, Chang and Liang, "Neural Network Inversion in Adversarial Setting via Background Knowledge Alignment" (CCS 2019).
The attacker asks the service about pictures of their own, whose classes may be others than the private ones (`ask`),
trains a decoder on the pairs of answer and picture (`mia_kit.training.inversion`), and feeds it the answers that the
service gave about private pictures. A diffusion model may stand in the decoder's place.

`Noise` and `second_softmax` are what an attacker does to vectors who knows that they are poisoned: "Defending Against
Neural Network Model Inversion Attacks via Data Poisoning" (Zhou et al., table 10). There both make the attack weaker,
so that they say little of a defence. Averaging the answers to repeated queries undoes whatever is drawn afresh; a
decoder trained on vectors that attackers poison themselves is the attack with a defended service of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mia_kit import check
from mia_kit.access import ConfidenceAPI, WhiteBox
from mia_kit.models.batches import in_batches


def ask(access: ConfidenceAPI | WhiteBox, images: Tensor, *, repeats: int = 1) -> Tensor:
    """The service's answers about `images`, of shape (n, classes), without gradients; the mean of `repeats` calls.

    AccessError for labels alone. ValueError unless the pictures are square, of shape (n, channels, size, size), the
    channels are the service's, and its answers finite.
    """
    check.images(images, channels=access.channels)
    check.shape("square images", images, ("n", "channels", images.shape[2], images.shape[2]))
    answers = [
        in_batches(lambda batch: access.confidences(batch.to(access.device)), images)
        for _ in range(check.count("repeats", repeats))
    ]
    check.finite("the service's answers", torch.stack(answers))
    return torch.stack(answers).mean(dim=0)


@dataclass(frozen=True)
class Noise:
    """Gaussian noise of standard deviation `scale`, at least 0, on each entry, then back to a probability vector.

    Negative entries become 0 and the rest are divided by their sum; a row left without positive entry is kept. The
    noise of a call depends on `seed` and on the number of vectors. The paper does not say how strong its noise is.
    """

    scale: float
    seed: int

    def __post_init__(self) -> None:
        check.in_range("scale", self.scale, 0)

    def __call__(self, vectors: Tensor) -> Tensor:
        """Vectors of the same shape (n, classes), whose rows sum to 1."""
        generator = torch.Generator().manual_seed(self.seed)
        noise = torch.randn(vectors.shape, generator=generator, dtype=torch.float64).to(vectors)
        noisy = (vectors + self.scale * noise).clamp_min(0)
        total = noisy.sum(dim=1, keepdim=True)
        return torch.where(total > 0, noisy / total.clamp_min(torch.finfo(noisy.dtype).tiny), vectors)


def second_softmax(vectors: Tensor) -> Tensor:
    """softmax(c) of served confidences c of shape (n, classes): it flattens small differences, and large ones too."""
    return vectors.softmax(dim=1)
