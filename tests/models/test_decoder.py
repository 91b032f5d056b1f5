"""The decoder: sizes, widths of the paper, what it is shown of a confidence vector, gradients where p = 0."""

import math

import pytest
import torch
from torch import nn

from mia_kit.models import InversionDecoder, prepare_confidences


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


def test_what_a_decoder_is_shown_by_hand():
    confidences = torch.tensor([[0.7, 0.0, 0.3], [1.0, 0.0, 0.0]], dtype=torch.float64)
    shown = prepare_confidences(confidences, logarithm=True)
    expected = torch.tensor([[50 + math.log(0.7), 0, 50 + math.log(0.3)], [50, 0, 0]], dtype=torch.float64)
    torch.testing.assert_close(shown, expected, atol=1e-9, rtol=0)
    assert torch.equal(prepare_confidences(confidences), confidences)
    assert not InversionDecoder(3, 1, 8, seed=0, width=2).logarithm
    assert prepare_confidences(confidences, top_k=1).tolist() == [[0.7, 0, 0], [1, 0, 0]]
    logarithms = prepare_confidences(confidences, top_k=1, logarithm=True)
    torch.testing.assert_close(logarithms[:, 1:], torch.zeros(2, 2).double())


def test_gradients_are_finite_at_0_and_right_elsewhere():
    confidences = torch.tensor([[1.0, 0.0, 1e-44]], requires_grad=True)
    (gradient,) = torch.autograd.grad(prepare_confidences(confidences, logarithm=True).sum(), confidences)
    assert gradient.isfinite().all() and gradient[0, 0] == 1
    inner = vectors().double().requires_grad_()
    assert torch.autograd.gradcheck(lambda c: prepare_confidences(c, top_k=2, logarithm=True), inner)


def test_the_seed_sets_the_weights_and_leaves_global_random_numbers_alone():
    state = torch.get_rng_state()
    one, same, other = (InversionDecoder(5, 1, 8, seed=seed, width=2) for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    assert not torch.equal(next(one.parameters()), next(other.parameters()))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="classes must be at least 2, got 1"):
        InversionDecoder(1, 1, 8, seed=0, blocks=4, width=2)
    with pytest.raises(ValueError, match=r"top_k must be from 1 to 5, got 6"):
        InversionDecoder(5, 1, 8, seed=0, top_k=6)
    with pytest.raises(ValueError, match="size must be at least 8, got 7"):
        InversionDecoder(5, 1, 7, seed=0, blocks=4, width=2)
    for size in (50, 66, 128):
        with pytest.raises(ValueError, match=f"halved by fewer than 4 blocks.*got {size} instead"):
            InversionDecoder(5, 1, size, seed=0, blocks=4, width=2)
    with pytest.raises(ValueError, match=r"\(n, 5\), got \(3, 4\) instead"):
        InversionDecoder(5, 1, 8, seed=0, width=2)(vectors(classes=4))
