"""The classifiers for small pictures: shapes, the residual block, batches, trunks that move from one to another."""

import pytest
import torch
from torch import nn

from mia_kit.models import ConvolutionalClassifier, ResidualClassifier, SmallClassifier, predict, transplant

both = pytest.mark.parametrize("kind", [SmallClassifier, ResidualClassifier])


@both
@pytest.mark.parametrize(("channels", "size"), [(1, (48, 40)), (3, (64, 64)), (1, (16, 16)), (3, (33, 51))])
def test_features_and_logits_have_their_shapes(kind, channels, size):
    model = kind(channels, 7, seed=0, width=4)
    images = torch.randn(5, channels, *size)
    features, logits = model.features(images), model.logits(images)
    assert features.shape == (5, 32) and logits.shape == (5, 7)
    assert features.min() >= 0 and features.std() > 0


@both
def test_predict_agrees_with_the_model_in_evaluation_mode_and_restores_its_mode(kind):
    model = kind(1, 5, seed=0, width=4)
    images = torch.rand(7, 1, 20, 20) * 2 - 1
    features, classes = predict(model, images)
    assert model.training
    model.eval()
    with torch.no_grad():
        torch.testing.assert_close(torch.from_numpy(features), model.features(images), atol=1e-5, rtol=1e-5)
        assert classes.tolist() == model(images).argmax(dim=1).tolist()


@pytest.mark.parametrize(("channels", "size"), [(1, 16), (1, 28), (3, 32), (3, 64)])
@pytest.mark.parametrize("blocks", [3, 4])
def test_blocks_of_max_pooling_and_two_linear_layers(channels, size, blocks):
    model = ConvolutionalClassifier(channels, 5, size, seed=0, blocks=blocks, width=4, hidden=12)
    images = torch.randn(6, channels, size, size)
    features = model.eval().features(images)
    assert features.shape == (6, 12) and features.min() >= 0 and features.std() > 0
    torch.testing.assert_close(model(images), features @ model.head.weight.T + model.head.bias)
    assert sum(isinstance(part, nn.MaxPool2d) for part in model.body) == blocks


def test_a_block_of_stride_2_is_that_of_the_paper():
    """The shortcut is a 1 x 1 convolution of stride 2, also on pictures of odd size."""
    block = ResidualClassifier(1, 2, seed=0, width=2).body[4].eval()
    x = torch.randn(3, 2, 7, 9)
    shortcut = torch.nn.functional.conv2d(x, block.shortcut[0].weight, stride=2)
    expected = (block.inner(x) + block.shortcut[1](shortcut)).relu()
    torch.testing.assert_close(block(x), expected)


def test_pictures_laid_out_pixel_by_pixel_give_the_same_gradients():
    """As augmentation leaves them. A 1 x 1 convolution of stride 2 and few channels kills the process here."""
    model = ResidualClassifier(3, 4, seed=0, width=4)
    images = torch.randn(10, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    gradients = []
    for layout in (torch.contiguous_format, torch.channels_last):
        for _ in range(20):
            model.zero_grad()
            model(images.clone(memory_format=layout)).square().sum().backward()
        gradients.append([weight.grad.clone() for weight in model.parameters()])
    torch.testing.assert_close(gradients[0], gradients[1], atol=1e-3, rtol=1e-3)


def test_the_gradient_of_a_block_lies_as_its_pictures_do():
    """Otherwise every activation before it is walked back in steps that no processor reads ahead."""
    block = ResidualClassifier(1, 2, seed=0, width=4).body[4]
    x = torch.rand(2, 4, 8, 8).to(memory_format=torch.channels_last)
    x.requires_grad_()
    (gradient,) = torch.autograd.grad(block(x).sum(), x)
    assert gradient.is_contiguous(memory_format=torch.channels_last)


def test_transplant_takes_the_trunk_and_keeps_the_head():
    """Batch norm's running means come along, so both have the same features in evaluation mode."""
    public, target = ResidualClassifier(1, 9, seed=0, width=2), ResidualClassifier(1, 4, seed=1, width=2)
    images = torch.randn(6, 1, 32, 32)
    public(images)  # in training mode: moves the running means
    head = target.head.weight.clone()
    transplant(target, public.state_dict())
    assert torch.equal(target.eval().features(images), public.eval().features(images))
    assert torch.equal(target.head.weight, head)
