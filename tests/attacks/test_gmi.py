"""GMI: its loss by hand, the clamp, the momentum written out, and a GAN of its own from training to inversion."""

import pytest
import torch
from quarters import SIZE, FlatPrior, Quarters, public_images

from mia_kit.access import WhiteBox
from mia_kit.attacks import cross_entropy, gmi
from mia_kit.models.convolutional_gan import ConvolutionalPrior, Critic
from mia_kit.models.priors import sample_latents
from mia_kit.training.wasserstein import AdversarySettings, Wasserstein, fit_adversaries

SETTINGS = gmi.Settings(input_size=SIZE, starts=2, steps=7)


def likes_white(images):
    """A critic that has a slope: the mean of the pixels, times 5."""
    return 5 * images.mean(dim=(1, 2, 3))


def test_against_a_plain_loop() -> None:
    """Momentum, the mean over 64 candidates, the clamp and both terms, written out."""
    model, prior = Quarters(), FlatPrior()
    found = gmi.run(WhiteBox(model), [3, 1], prior=prior, critic=likes_white, seed=5, settings=SETTINGS, progress=False)
    z = sample_latents(prior, 4, seed=5).clamp(-1, 1)
    velocity = torch.zeros_like(z)
    for step in range(7):
        z.requires_grad_()
        images = prior.synthesise(z)
        losses = -likes_white(images) + 100 * cross_entropy(model(images), torch.tensor([3, 3, 1, 1]))
        torch.testing.assert_close(found.trace.losses[step], losses.detach(), atol=1e-3, rtol=1e-4)
        (gradient,) = torch.autograd.grad(losses.sum(), z)
        velocity = 0.9 * velocity + gradient
        z = (z.detach() - 0.02 / 64 * velocity).clamp(-1, 1)
    torch.testing.assert_close(found.codes, z, atol=1e-4, rtol=1e-4)
    assert found.codes.abs().max() == 1  # the clamp was needed


@pytest.mark.slow
def test_from_public_images_to_reconstructions() -> None:
    """A small WGAN-GP learns the quarters well enough to be searched for a class."""
    images = public_images(200)
    generator = ConvolutionalPrior(seed=0, latent_size=6, image_size=(1, *SIZE), width=4)
    critic = Critic(seed=1, image_size=(1, *SIZE), width=4)
    training = AdversarySettings(steps=60, batch_size=8, learning_rate=4e-3)
    fit_adversaries(generator, critic, (images,), game=Wasserstein(), seed=2, settings=training, progress=False)
    settings = gmi.Settings(input_size=SIZE, starts=4, steps=40)
    found = gmi.run(
        WhiteBox(Quarters()), [0, 3], prior=generator, critic=critic, seed=0, settings=settings, progress=False
    )
    assert (found.scores[found.selected] > 0.7).all()
