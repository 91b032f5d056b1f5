"""The residual classifier: its block, its layouts, its batches, and trunks that move from one to another."""

import torch

from mia_kit.models import ResidualClassifier, transplant


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


def test_transplant_takes_the_trunk_and_keeps_the_head():
    """Batch norm's running means come along, so both have the same features in evaluation mode."""
    public, target = ResidualClassifier(1, 9, seed=0, width=2), ResidualClassifier(1, 4, seed=1, width=2)
    images = torch.randn(6, 1, 32, 32)
    public(images)  # in training mode: moves the running means
    head = target.head.weight.clone()
    transplant(target, public.state_dict())
    assert torch.equal(target.eval().features(images), public.eval().features(images))
    assert torch.equal(target.head.weight, head)
