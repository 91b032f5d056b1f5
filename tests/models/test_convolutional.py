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


def test_four_blocks_of_width_128_are_the_paper_s():
    model = ConvolutionalClassifier(1, 5, 64, seed=0, blocks=4, width=128)
    assert [part.out_channels for part in model.body if isinstance(part, nn.Conv2d)] == [128, 256, 512, 1024]


def test_the_seed_sets_the_weights_and_leaves_global_random_numbers_alone():
    state = torch.get_rng_state()
    one, same, other = (ConvolutionalClassifier(1, 5, 16, seed=seed, width=4) for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    assert not torch.equal(one.head.weight, other.head.weight)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="blocks must be from 3 to 4, got 5"):
        ConvolutionalClassifier(1, 5, 32, seed=0, blocks=5)
    with pytest.raises(ValueError, match=r"\(n, 1, 28, 28\), got \(2, 1, 32, 32\) instead"):
        ConvolutionalClassifier(1, 5, 28, seed=0, width=4)(torch.zeros(2, 1, 32, 32))
    with pytest.raises(ValueError, match="channels must be one of 1, 3"):
        ConvolutionalClassifier(2, 5, 28, seed=0)
