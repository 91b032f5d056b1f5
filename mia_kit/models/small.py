"""A small convolutional classifier for pictures of 32 to 64 pixels, trained in seconds on a laptop.

It stands in for the paper's ResNet-152 in chapters 2 and 3. As there, the penultimate activations are a rectified
feature vector, pooled over the picture, and one linear layer turns it into logits.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from mia_kit.models.batches import in_batches

MIN_SIZE = 16


class SmallClassifier(nn.Module):
    """Four convolutions with batch norm, pooling over what is left of the picture, one linear layer.

    Parameters
    ----------
    channels : 1 for grey pictures, 3 for colour
    classes : number of people, at least 2
    seed : seeds the initial weights, and nothing else
    width : channels of the first convolution; each of the next two doubles it
    """

    def __init__(self, channels: int, classes: int, *, seed: int, width: int = 16) -> None:
        super().__init__()
        check_classes(channels, classes)
        self.channels = channels
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.body = nn.Sequential(
                _block(channels, width, stride=2),
                _block(width, 2 * width, stride=2),
                _block(2 * width, 4 * width, stride=2),
                _block(4 * width, 8 * width, stride=2),
                nn.AdaptiveAvgPool2d(1),
                nn.Flatten(),
            )
            self.head = nn.Linear(8 * width, classes)

    def features(self, images: Tensor) -> Tensor:
        """Penultimate activations, a Tensor of shape (n, 8 * width), none negative.

        `images` is a Tensor of shape (n, channels, h, w) in [-1, 1], h and w at least 16; ValueError otherwise.
        """
        check_images(images, self.channels)
        features: Tensor = self.body(images)
        return features

    def logits(self, images: Tensor) -> Tensor:
        """Scores before the softmax: a Tensor of shape (n, classes) for `images` as in `features`."""
        scores: Tensor = self.head(self.features(images))
        return scores

    def forward(self, images: Tensor) -> Tensor:
        """The same as `logits`."""
        return self.logits(images)


def check_classes(channels: int, classes: int) -> None:
    """ValueError unless a classifier of so many channels and classes makes sense."""
    if channels not in (1, 3):
        raise ValueError(f"channels must be 1 (grey) or 3 (colour), got {channels} instead")
    if classes < 2:
        raise ValueError(f"a classifier needs at least 2 classes, got {classes} instead")


def check_images(images: Tensor, channels: int) -> None:
    """ValueError unless `images` have the shape (n, channels, h, w) and are large enough for four halvings."""
    if images.ndim != 4 or images.shape[1] != channels or min(images.shape[2:]) < MIN_SIZE:
        raise ValueError(
            f"images must have the shape (n, {channels}, h, w) with h and w at least {MIN_SIZE}, "
            f"got {tuple(images.shape)} instead"
        )


def _block(inputs: int, outputs: int, *, stride: int) -> nn.Sequential:
    """A 3 x 3 convolution, batch norm and ReLU; stride 2 halves the picture."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


@torch.no_grad()
def predict(model: SmallClassifier, images: Tensor, *, batch_size: int = 256) -> tuple[np.ndarray, np.ndarray]:
    """Features and predicted classes in evaluation mode; the model is left in the mode it was in.

    Returns float32 features of shape (n, d) and int64 classes of shape (n,).
    """
    training = model.training
    model.eval()
    features = in_batches(model.features, images, batch_size=batch_size)  # (n, d)
    classes = model.head(features).argmax(dim=1)  # (n,)
    model.train(training)
    return features.numpy(), classes.numpy()
