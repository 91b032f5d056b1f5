"""Training-based inversion: a decoder learns to turn a model's confidences back into pictures, without any gradient.

Yang, Chang and Liang, "Neural Network Inversion in Adversarial Setting via Background Knowledge Alignment" (CCS 2019).
The attacker asks the service about pictures of his own, whose classes may be others than the private ones (`ask`),
trains a decoder on the pairs of answer and picture (`mia_kit.training.inversion`), and feeds it the answers that the
service gave about private pictures. A diffusion model may stand in the decoder's place.
"""

from __future__ import annotations

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
