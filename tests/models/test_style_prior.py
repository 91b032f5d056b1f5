"""The style-based prior and its discriminator: Haar bands, modulation by a plain loop, seeds, stored weights."""

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import conv2d, leaky_relu

from mia_kit.data import DataError
from mia_kit.models import sample_latents, style_prior
from mia_kit.models.style_prior import Discriminator, Modulated, StylePrior, from_bands, to_bands
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


def test_styles_do_not_depend_on_the_length_of_the_latent() -> None:
    prior, latents = StylePrior(channels=TINY), sample_latents(StylePrior(channels=TINY), 5, seed=0)
    styles = prior.map(latents)
    assert styles.shape == (5, 128)
    torch.testing.assert_close(prior.map(latents * torch.tensor([0.5, 2, 3, 10, 100])[:, None]), styles)
    assert (prior.map(-latents) - styles).abs().max() > 0.1  # but on its direction


@pytest.mark.parametrize("truncation", [0.0, 0.3, 1.0])
def test_truncation_draws_styles_towards_their_mean(truncation: float) -> None:
    prior, whole = StylePrior(channels=TINY, truncation=truncation), StylePrior(channels=TINY)
    prior.mean_style.copy_(some(128, seed=5))
    latents = sample_latents(prior, 4, seed=0)
    expected = truncation * whole.map(latents) + (1 - truncation) * prior.mean_style
    torch.testing.assert_close(prior.map(latents), expected)
    assert truncation or torch.equal(prior.map(latents), prior.mean_style.expand(4, -1))


def test_images_shape_and_gradients_to_the_codes() -> None:
    prior = StylePrior(channels=TINY).requires_grad_(False)
    latents = sample_latents(prior, 3, seed=0)
    codes = prior.map(latents).requires_grad_()
    images = prior.synthesise(codes)
    assert images.shape == (3, *prior.image_size)
    torch.testing.assert_close(images, prior(latents))
    images[0].square().sum().backward()
    assert codes.grad is not None
    assert codes.grad[0].abs().sum() > 0
    assert codes.grad[1:].abs().sum() == 0  # an image depends on its own style alone


def test_every_level_shows_in_the_image() -> None:
    prior = StylePrior(channels=TINY)
    before = prior.synthesise(some(1, 128))
    for layer in (*prior.to_image, prior.to_bands):
        torch.nn.init.ones_(layer.bias)
        after = prior.synthesise(some(1, 128))
        assert (after - before).abs().mean() > 0.1
        before = after


@pytest.mark.parametrize("kind", [StylePrior, Discriminator])
def test_seed_sets_the_weights_and_leaves_global_random_numbers_alone(kind: type) -> None:
    state = torch.get_rng_state()
    one, same, other = (list(kind(seed=seed, channels=TINY).parameters()) for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True))
    assert not torch.equal(one[0], other[0])


def test_bad_input() -> None:
    with pytest.raises(ValueError, match=r"truncation must lie in \[0, 1\], got 1.5 instead"):
        StylePrior(channels=TINY, truncation=1.5)
    prior = StylePrior(channels=TINY)
    with pytest.raises(ValueError, match=r"latents must have the shape \(n, 128\), got \(2, 100\) instead"):
        prior.map(torch.zeros(2, 100))
    with pytest.raises(ValueError, match=r"codes must have the shape \(n, 128\), got \(128,\) instead"):
        prior.synthesise(torch.zeros(128))
    for shape in ((2, 3, 32, 32), (2, 1, 64, 64), (3, 64, 64)):
        with pytest.raises(ValueError, match=r"images must have the shape \(n, 3, 64, 64\), got .* instead"):
            Discriminator(channels=TINY)(torch.zeros(shape))


def test_verdicts_shape_and_gradient() -> None:
    discriminator = Discriminator(channels=TINY)
    images = some(1, 3, 64, 64).requires_grad_()
    verdicts = discriminator(images)
    assert verdicts.shape == (1,)
    verdicts.sum().backward()  # of one image the spread is 0, where a root has no slope
    assert images.grad is not None
    assert images.grad.isfinite().all()
    assert images.grad.abs().sum() > 0


def test_spread_tells_a_batch_without_variety() -> None:
    """The last convolution sees one channel more: 0 for copies of one image, the mean deviation over a mixed batch."""
    discriminator = Discriminator(channels=TINY)
    seen: list[Tensor] = []
    discriminator.last.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    mixed = some(4, 3, 64, 64)
    discriminator(mixed[:1].expand(4, -1, -1, -1))
    discriminator(mixed)
    copies, others = seen
    assert others.shape == (4, TINY[0] + 1, 4, 4)
    assert copies[:, -1].abs().max() < 1e-6
    expected = others[:, :-1].std(dim=0, correction=0).mean()
    assert expected > 0.01
    torch.testing.assert_close(others[:, -1], expected.expand(4, 4, 4))


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the loaders look for the stored weights; nothing is there yet."""
    path = tmp_path / "style_prior.safetensors"
    monkeypatch.setattr(style_prior, "WEIGHTS", path)
    return path


def stored(channels: tuple[int, ...] = TINY) -> dict[str, Tensor]:
    """Both networks in half precision, as they are shipped."""
    prior = StylePrior(seed=7, channels=channels)
    prior.mean_style.fill_(0.25)
    networks = {"generator": prior, "discriminator": Discriminator(seed=8, channels=channels)}
    return {
        f"{name}.{part}": weight.half().contiguous()
        for name, network in networks.items()
        for part, weight in network.state_dict().items()
    }


LOADERS = (style_prior.load_style_prior, style_prior.load_discriminator)


def test_stored_weights_are_read_as_single_precision_and_frozen(weights: Path) -> None:
    save_file(stored(), weights)
    prior, discriminator = (load() for load in LOADERS)
    for network, fresh in (
        (prior, StylePrior(seed=7, channels=TINY)),
        (discriminator, Discriminator(seed=8, channels=TINY)),
    ):
        assert not network.training
        for own, expected in zip(network.parameters(), fresh.parameters(), strict=True):
            assert own.dtype == torch.float32
            assert not own.requires_grad
            torch.testing.assert_close(own, expected.data, rtol=1e-3, atol=1e-3)
    assert torch.equal(prior.mean_style, torch.full((128,), 0.25))
    assert prior.truncation == 0.5
    assert style_prior.load_style_prior(truncation=0.7).truncation == 0.7
    images = prior(sample_latents(prior, 2, seed=0))
    assert discriminator(images).shape == (2,)


@pytest.mark.parametrize("load", LOADERS)
def test_absent_weights(weights: Path, load) -> None:
    with pytest.raises(DataError, match=r"is missing or damaged \(.*\): install mia_kit again\.$"):
        load()


@pytest.mark.parametrize("load", LOADERS)
@pytest.mark.parametrize("kept", [0, 5, 1000, -1])
def test_half_written_weights(weights: Path, load, kept: int) -> None:
    """Cut in the length of the header, in the header and in the numbers."""
    save_file(stored(), weights)
    weights.write_bytes(weights.read_bytes()[:kept])
    with pytest.raises(
        DataError, match=r"style_prior\.safetensors is missing or damaged \(.*\): install mia_kit again"
    ):
        load()


def without(whole: dict[str, Tensor], start: str) -> dict[str, Tensor]:
    return {name: weight for name, weight in whole.items() if not name.startswith(start)}


@pytest.mark.parametrize(
    ("load", "change", "sentence"),
    [
        (LOADERS[0], lambda whole: without(whole, "generator"), "the tensors of the generator are not all there"),
        (LOADERS[0], lambda whole: without(whole, "generator.up.2"), "the tensors of the generator are not all there"),
        (LOADERS[1], lambda whole: without(whole, "generator"), "the tensors of the generator are not all there"),
        (LOADERS[0], lambda whole: whole | {"generator.start": torch.zeros(3)}, "the tensors of the generator are not"),
        (LOADERS[0], lambda whole: without(whole, "generator.mean"), r"expected mean_style .*, got no such tensor"),
        (
            LOADERS[0],
            lambda whole: whole | {"generator.to_bands.bias": torch.zeros(3)},
            r"expected to_bands\.bias of shape \(12,\), got \(3,\) instead",
        ),
        (
            LOADERS[1],
            lambda whole: whole | {"discriminator.other": torch.zeros(3)},
            "expected no tensor called other, got one of shape",
        ),
        (
            LOADERS[1],
            lambda whole: whole | {"discriminator.verdict.bias": torch.zeros(2)},
            r"expected verdict\.bias of shape \(1,\), got \(2,\) instead",
        ),
    ],
)
def test_weights_of_another_network(weights: Path, load, change, sentence: str) -> None:
    save_file(change(stored()), weights)
    with pytest.raises(DataError, match=rf"is missing or damaged \({sentence}.*\): install") as caught:
        load()
    assert "\n" not in str(caught.value)


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
    assert style_prior.load_discriminator()(images).shape == (2,)
