"""The classifier with max pooling: shapes at every size of the course, seeds, what it refuses."""

import pytest
import torch
from torch import nn

from mia_kit.models import ConvolutionalClassifier


@pytest.mark.parametrize(("channels", "size"), [(1, 16), (1, 28), (3, 32), (3, 64)])
@pytest.mark.parametrize("blocks", [3, 4])
def test_features_and_logits_have_their_shapes(channels, size, blocks):
    model = ConvolutionalClassifier(channels, 5, size, seed=0, blocks=blocks, width=4, hidden=12)
    images = torch.randn(6, channels, size, size)
    features = model.eval().features(images)
    assert features.shape == (6, 12) and features.min() >= 0 and features.std() > 0
    torch.testing.assert_close(model(images), features @ model.head.weight.T + model.head.bias)
    assert sum(isinstance(part, nn.MaxPool2d) for part in model.body) == blocks
