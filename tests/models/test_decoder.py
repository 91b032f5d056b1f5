"""The decoder: sizes, widths of the paper, what it is shown of a confidence vector, gradients where p = 0."""

import math

import pytest
import torch
from torch import nn

from mia_kit.models import InversionDecoder
from mia_kit.models.decoder import shifted_logarithms


def vectors(n=3, classes=5):
    return torch.randn(n, classes, generator=torch.Generator().manual_seed(0)).softmax(dim=1)


@pytest.mark.parametrize("blocks", [4, 5, 6])
@pytest.mark.parametrize("size", [8, 16, 28, 32, 64])
def test_pictures_have_the_size_asked_for(size, blocks):
    decoder = InversionDecoder(5, 3, size, seed=0, blocks=blocks, width=2)
    pictures = decoder(vectors())
    assert pictures.shape == (3, 3, size, size)
    assert pictures.abs().max() <= 1 and pictures.std() > 0
    assert sum(isinstance(part, nn.ConvTranspose2d) for part in decoder.body) == blocks


def test_five_blocks_of_width_128_are_the_paper_s():
    decoder = InversionDecoder(530, 1, 64, seed=0)
    layers = [part for part in decoder.body if isinstance(part, nn.ConvTranspose2d)]
    assert [layer.in_channels for layer in layers] == [530, 1024, 512, 256, 128]
    assert [layer.kernel_size[0] for layer in layers] == [4] * 5
    assert [layer.stride[0] for layer in layers] == [1, 2, 2, 2, 2]


def test_shifted_logarithms_by_hand():
    confidences = torch.tensor([[0.7, 0.0, 0.3], [1.0, 0.0, 0.0]], dtype=torch.float64)
    expected = torch.tensor([[50 + math.log(0.7), 0, 50 + math.log(0.3)], [50, 0, 0]], dtype=torch.float64)
    torch.testing.assert_close(shifted_logarithms(confidences), expected, atol=1e-9, rtol=0)


def test_gradients_are_finite_at_0_and_right_elsewhere():
    confidences = torch.tensor([[1.0, 0.0, 1e-44]], requires_grad=True)
    (gradient,) = torch.autograd.grad(shifted_logarithms(confidences).sum(), confidences)
    assert gradient.isfinite().all() and gradient[0, 0] == 1
    inner = vectors().double().requires_grad_()
    assert torch.autograd.gradcheck(shifted_logarithms, inner)
