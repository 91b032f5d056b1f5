"""The style-based prior: Haar bands, modulation by a plain loop, seeds, stored weights."""

import json

import pytest
import torch
from safetensors import safe_open
from torch import Tensor
from torch.nn.functional import conv2d, leaky_relu

from mia_kit.models import sample_latents, style_prior
from mia_kit.models.style_prior import Modulated, StylePrior, from_bands
from style_gan import to_bands
from train_style_prior import RECIPES

TINY = (6, 5, 4, 3)


def some(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_haar_bands_keep_lengths_and_angles_and_invert_each_other() -> None:
    images, bands = some(4, 3, 8, 6), some(4, 12, 4, 3, seed=1)
    assert to_bands(images).shape == (4, 12, 4, 3)
    assert from_bands(bands).shape == (4, 3, 8, 6)
    torch.testing.assert_close(from_bands(to_bands(images)), images)
    torch.testing.assert_close(to_bands(from_bands(bands)), bands)
    flat, flat_bands = images.flatten(1), to_bands(images).flatten(1)
    torch.testing.assert_close(flat_bands @ flat_bands.T, flat @ flat.T)


@pytest.mark.parametrize(
    ("corner", "band"),
    [([[1, 1], [1, 1]], 0), ([[1, -1], [1, -1]], 3), ([[1, 1], [-1, -1]], 6), ([[1, -1], [-1, 1]], 9)],
)
def test_each_haar_band_has_its_own_pattern(corner: list[list[int]], band: int) -> None:
    """Mean, horizontal, vertical, diagonal; red, green, blue within each."""
    image = torch.zeros(1, 3, 2, 2)
    image[0, 1] = torch.tensor(corner)
    expected = torch.zeros(12)
    expected[band + 1] = 2
    assert torch.equal(to_bands(image).flatten(), expected)


def test_modulated_convolution_against_a_plain_loop() -> None:
    """One image at a time: weights scaled by its style, each filter brought to length 1 (StyleGAN2, section 2)."""
    torch.manual_seed(0)
    layer = Modulated(3, 4, style_size=5)
    torch.nn.init.normal_(layer.bias)
    x, styles = some(6, 3, 7, 7), some(6, 5, seed=1)
    found = layer(x, styles)
    for place in range(6):
        scales = layer.style.weight @ styles[place] / 5**0.5 + layer.style.bias  # (3,)
        weight = layer.weight * scales[None, :, None, None]
        weight = torch.stack([own / own.norm() for own in weight])
        plain = conv2d(x[place : place + 1], weight, padding=1) + layer.bias[:, None, None]
        torch.testing.assert_close(found[place], leaky_relu(plain, 0.2)[0] * 2**0.5, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("truncation", [0.0, 0.3, 1.0])
def test_truncation_draws_styles_towards_their_mean(truncation: float) -> None:
    prior, whole = StylePrior(channels=TINY, truncation=truncation), StylePrior(channels=TINY)
    prior.mean_style.copy_(some(128, seed=5))
    latents = sample_latents(prior, 4, seed=0)
    expected = truncation * whole.map(latents) + (1 - truncation) * prior.mean_style
    torch.testing.assert_close(prior.map(latents), expected)
    assert truncation or torch.equal(prior.map(latents), prior.mean_style.expand(4, -1))


def test_the_shipped_weights_are_those_of_the_recipe() -> None:
    """The header says how they were made; a changed recipe needs `data_scripts/train_style_prior.py`."""
    with safe_open(style_prior.WEIGHTS, framework="pt") as file:
        made = json.loads(file.metadata()["made"])
    recipe = {name: value for name, value in made["recipe"].items() if name != "experiment"}
    assert recipe == RECIPES[recipe["device"]]
    assert style_prior.WEIGHTS.stat().st_size < 20e6
    images = style_prior.load_style_prior(truncation=0.5)(some(2, 128))
    assert images.shape == (2, 3, 64, 64)
    assert 0.1 < images.std() < 1
