"""What an attacker asks a service before they train a decoder, and what they may do to its answers."""

import pytest
import torch

from mia_kit.access import ConfidenceAPI
from mia_kit.attacks.inversion_model import Noise, ask, second_softmax
from tests.attacks.quarters import Quarters


class Wavering:
    """Adds to the first entry what it takes away at the next call."""

    sign = 1

    def serve(self, confidences):
        self.sign = -self.sign
        return confidences + self.sign * 0.01 * torch.tensor([1.0, -1.0, 0.0, 0.0])


def test_repeated_queries_are_averaged_and_counted():
    images = torch.rand(10, 1, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    plain = ConfidenceAPI(Quarters()).confidences(images)
    access = ConfidenceAPI(Quarters(), Wavering())
    assert not torch.allclose(ask(access, images), plain)
    torch.testing.assert_close(ask(access, images, repeats=2), plain)
    assert access.queries == 30 and not plain.requires_grad


def test_noise_keeps_vectors_valid_and_repeats_itself():
    vectors = torch.tensor([[1.0, 0.0, 0.0], [0.4, 0.3, 0.3], [0.0, 1.0, 0.0]])
    noisy = Noise(0.5, seed=3)(vectors)
    assert noisy.min() >= 0 and not torch.equal(noisy, vectors)
    torch.testing.assert_close(noisy.sum(dim=1), torch.ones(3))
    assert torch.equal(noisy, Noise(0.5, seed=3)(vectors)) and not torch.equal(noisy, Noise(0.5, seed=4)(vectors))
    torch.testing.assert_close(Noise(0, seed=3)(vectors), vectors)
    torch.testing.assert_close(second_softmax(vectors), vectors.exp() / vectors.exp().sum(dim=1, keepdim=True))


def test_pictures_that_are_not_square_are_refused():
    with pytest.raises(ValueError, match=r"channels, 8, 8\), got \(8, 1, 8, 6\) instead"):
        ask(ConfidenceAPI(Quarters()), torch.zeros(8, 1, 8, 6))
