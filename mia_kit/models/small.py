"""A small convolutional classifier for pictures of 32 to 64 pixels, trained in seconds on a laptop.

It stands in for the paper's ResNet-152 in chapters 2 and 3. As there, the penultimate activations are a rectified
feature vector, pooled over the picture, and one linear layer turns it into logits.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from mia_kit import check
from mia_kit.models.batches import in_batches
from mia_kit.models.classifier import Classifier, check_classes, predicted
from mia_kit.seeds import seeded
from mia_kit.snapshot import snapshot


class SmallClassifier(Classifier):
    """Four convolutions with batch norm, pooling over what is left of the picture, one linear layer.

    `width` is the number of channels of the first convolution; each of the next two doubles it.
    """

    def __init__(self, channels: int, classes: int, *, seed: int, width: int = 16) -> None:
        super().__init__()
        self.channels, classes = check_classes(channels, classes)
        width = check.count("width", width)
        with seeded(seed):
            widths = [self.channels, width, 2 * width, 4 * width, 8 * width]
            blocks = [_block(inputs, outputs) for inputs, outputs in pairwise(widths)]
            self.body = nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten())
            self.head = nn.Linear(8 * width, classes)


def _block(inputs: int, outputs: int) -> nn.Sequential:
    """A 3 x 3 convolution of stride 2, which halves the picture, batch norm and ReLU."""
    convolution = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


@torch.no_grad()
def predict(model: Classifier, images: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Features and predicted classes of a copy in evaluation mode, for images (n, channels, h, w) in [-1, 1].

    Returns float32 features of shape (n, d) and int64 classes of shape (n,), -1 where the scores hold NaN.
    """
    check.images(images)
    model = snapshot(model)
    features = in_batches(model.features, images, batch_size=256)  # (n, d)
    classes = predicted(model.head(features))  # (n,)
    return features.numpy(), classes.numpy()
