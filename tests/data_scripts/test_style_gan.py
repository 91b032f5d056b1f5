"""The game of the style-based prior: the penalty by hand, the moving average, the discriminator, and resuming."""

import numpy as np
import pytest
import torch
from torch import nn

import style_gan
from mia_kit.seeds import seeded
from style_gan import GanSettings, fit_gan, gradient_penalty

SETTINGS = GanSettings(steps=20, batch_size=4, checkpoint_every=5)
IMAGES = np.random.default_rng(0).integers(0, 256, (12, 4, 4, 3), dtype=np.uint8)


def generator_of(seed: int) -> nn.Module:
    """Latents of shape (n, 2) to images of shape (n, 3, 4, 4)."""
    with seeded(seed):
        layers = nn.Linear(2, 48), nn.Unflatten(1, (3, 4, 4)), nn.Conv2d(3, 3, 3, padding=1), nn.Tanh()
    return nn.Sequential(*layers)


def small_discriminator() -> nn.Module:
    """Images of shape (n, 3, 4, 4) to verdicts of shape (n,)."""
    with seeded(0):
        layers = nn.Conv2d(3, 8, 3), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(32, 1), nn.Flatten(0)
    return nn.Sequential(*layers)


def train(images=IMAGES, *, settings=SETTINGS, checkpoint=None):
    """The trained generator, the discriminator and the averaged generator."""
    generator, discriminator = generator_of(0), small_discriminator()
    options = {"latent_size": 2, "seed": 1, "settings": settings, "checkpoint": checkpoint, "progress": False}
    average, _ = fit_gan(generator, discriminator, images, **options)
    return generator, discriminator, average


def weights(module):
    return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])


def test_the_penalty_of_a_linear_discriminator_is_its_squared_norm():
    """The verdict w . x has the gradient w everywhere: 4 weights of 2 and 8 of 0.5 give 4 * 4 + 8 * 0.25 = 18."""
    slope = torch.cat([torch.full((4,), 2.0), torch.full((8,), 0.5)]).reshape(3, 2, 2).requires_grad_()
    real = torch.randn(5, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    penalty = gradient_penalty(lambda images: (images * slope).sum(dim=(1, 2, 3)), real)
    assert penalty.item() == pytest.approx(18)
    penalty.backward()  # it can be trained on: the gradient of w . w is 2 w
    torch.testing.assert_close(slope.grad, 2 * slope.detach())


def test_a_generator_learns_the_brightness_of_its_photographs():
    dark = np.full((8, 4, 4, 3), 40, dtype=np.uint8)  # -0.69 in [-1, 1]
    settings = GanSettings(steps=300, batch_size=8, learning_rate=0.01, half_life=100)
    *_, average = train(dark, settings=settings)
    with torch.no_grad():
        made = average(torch.randn(64, 2, generator=torch.Generator().manual_seed(5)))
    assert made.mean().item() == pytest.approx(40 / 127.5 - 1, abs=0.15)


def test_a_stopped_run_goes_on_to_the_same_end(tmp_path, monkeypatch):
    follow, alone = style_gan.follow, train()
    with monkeypatch.context() as patch:
        patch.setattr(style_gan, "follow", lambda *given: follow(*given) if given[2] < 12 else 1 / 0)
        with pytest.raises(ZeroDivisionError):
            train(checkpoint=tmp_path / "gan.pt")
    for ours, theirs in zip(train(checkpoint=tmp_path / "gan.pt"), alone, strict=True):
        assert torch.equal(weights(ours), weights(theirs))


def test_spread_tells_a_batch_without_variety():
    """The last convolution sees one channel more: 0 for copies of one image, the mean deviation over a mixed batch."""
    discriminator, seen = style_gan.Discriminator(channels=(6, 5, 4, 3)), []
    discriminator.last.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    mixed = torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    discriminator(mixed[:1].expand(4, -1, -1, -1))
    verdicts = discriminator(mixed)
    copies, others = seen
    assert verdicts.shape == (4,) and others.shape == (4, 7, 4, 4) and copies[:, -1].abs().max() < 1e-6
    expected = others[:, :-1].std(dim=0, correction=0).mean()
    torch.testing.assert_close(others[:, -1], expected.expand(4, 4, 4))
    assert torch.autograd.grad(verdicts.sum(), mixed)[0].isfinite().all() and expected > 0.01
