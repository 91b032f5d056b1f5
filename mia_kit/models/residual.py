"""A small residual classifier for faces of 32 to 64 pixels, for targets that are trained on a CPU.

Residual blocks as in He et al. (CVPR 2016), one at each size of the picture, from a half down to a sixteenth. It stands
in for the paper's ResNet-152 where `SmallClassifier` is too weak, which then serves as the evaluator: the two share no
architecture.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, relu

from mia_kit import check
from mia_kit.models.classifier import Classifier, check_classes
from mia_kit.seeds import seeded


class ResidualClassifier(Classifier):
    """A convolution of stride 2, four residual blocks that halve the picture three times, pooling, one linear layer.

    `width` is the number of channels of the first block; each of the next three doubles it.
    """

    def __init__(self, channels: int, classes: int, *, seed: int, width: int = 24) -> None:
        super().__init__()
        self.channels, classes = check_classes(channels, classes)
        width = check.count("width", width)
        with seeded(seed):
            stem = nn.Conv2d(self.channels, width, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
            blocks = [ResidualBlock(width, width, stride=1)]
            blocks += [ResidualBlock(times * width, 2 * times * width, stride=2) for times in (1, 2, 4)]
            self.body = nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten())
            self.head = nn.Linear(8 * width, classes)


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions with batch norm, added to their input; stride 2 halves the picture."""

    def __init__(self, inputs: int, outputs: int, *, stride: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.stride = stride
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        # The stride is taken here, not in the 1 x 1 convolution: there, with few channels and pictures laid out pixel
        # by pixel, oneDNN writes past its memory and the program dies (uxlfoundation/oneDNN, issue 6035). Pooling over
        # single pixels gives what a slice gives, and its gradient lies as the pictures do: a tenth of a step's time.
        seen = avg_pool2d(x, 1, self.stride) if self.stride > 1 else x
        return relu(self.inner(x) + self.shortcut(seen))
