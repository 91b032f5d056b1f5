"""A plain convolutional classifier with max pooling and two linear layers: the target of the training-based attacks.

Three blocks (MNIST, Fashion-MNIST) or four (faces) of convolution, batch norm, ReLU and max pooling, as in "Defending
Against Neural Network Model Inversion Attacks via Data Poisoning" (Zhou et al.). The widths of Yang, Chang and Liang
(CCS 2019) are 128, 256, 512 and 1024 for faces: `blocks=4, width=128`.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from mia_kit import check
from mia_kit.models.classifier import MIN_SIZE, Classifier, check_classes
from mia_kit.seeds import seeded


class ConvolutionalClassifier(Classifier):
    """Blocks that halve the picture, then two linear layers; the features are the first one's, rectified.

    Pictures are `size` pixels a side, at least 16; unlike other classifiers, it takes no other size. `blocks`, 3 or 4,
    have `width` channels in the first and twice as many in each next. `hidden`, the number of features, is ours: the
    paper does not say.
    """

    def __init__(
        self, channels: int, classes: int, size: int, *, seed: int, blocks: int = 3, width: int = 32, hidden: int = 128
    ) -> None:
        super().__init__()
        channels, classes = check_classes(channels, classes)
        blocks, size = check.count("blocks", blocks, 3, 4), check.count("size", size, MIN_SIZE)
        width, hidden = check.count("width", width), check.count("hidden", hidden)
        self.channels, self.size = channels, size
        widths = [channels, *(width << place for place in range(blocks))]
        with seeded(seed):
            body: list[nn.Module] = []
            for inputs, outputs in pairwise(widths):
                convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
                body += [convolution, nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]
            body += [nn.Flatten(), nn.Linear(widths[-1] * (size >> blocks) ** 2, hidden), nn.ReLU()]
            self.body = nn.Sequential(*body)
            self.head = nn.Linear(hidden, classes)

    def features(self, images: Tensor) -> Tensor:
        """As in `Classifier.features`, for pictures of `size` pixels a side alone."""
        check.floats("images", images, ("n", self.channels, self.size, self.size))
        return super().features(images)
