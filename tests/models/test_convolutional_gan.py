"""Generators and critics: shapes at any size, a prior for every attack, classes that matter, norms, what is refused."""

import pytest
import torch

from mia_kit.models.convolutional_gan import ClassDiscriminator, ConvolutionalPrior, Critic, ProjectionCritic

LATENTS = torch.randn(5, 6, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("image_size", [(1, 8, 8), (3, 16, 16), (3, 64, 64)])
def test_shapes_at_any_size(image_size):
    prior = ConvolutionalPrior(seed=0, latent_size=6, image_size=image_size, width=2)
    images = prior(prior.map(LATENTS))
    assert images.shape == (5, *image_size) and images.abs().max() <= 1
    assert Critic(seed=0, image_size=image_size, width=2)(images).shape == (5,)
    discriminator = ClassDiscriminator(7, seed=0, image_size=image_size, width=2)
    assert discriminator(images).shape == (5, 7)
    torch.testing.assert_close(discriminator.head(discriminator.features(images)), discriminator(images))
    critic = ProjectionCritic(7, seed=0, image_size=image_size, width=2)
    assert critic(images, torch.arange(5)).shape == (5,)


def test_the_class_of_a_code_changes_the_image_and_equal_shares_lie_between():
    prior = ConvolutionalPrior(seed=0, latent_size=6, image_size=(1, 8, 8), width=2, classes=2).eval()
    first, second = (prior.codes(LATENTS, torch.full((5,), label)) for label in (0, 1))
    assert not torch.allclose(prior(first), prior(second), atol=1e-4)
    torch.testing.assert_close(prior.map(LATENTS), (first + second) / 2)
    assert torch.equal(first[:, :6], LATENTS) and first[:, 6:].tolist() == [[1.0, 0.0]] * 5


def test_a_verdict_does_not_depend_on_the_neighbours():
    images = torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    critic = Critic(seed=0, image_size=(1, 8, 8), width=4)
    torch.testing.assert_close(critic(images)[:2], critic(images[:2]))
    by_class = ProjectionCritic(3, seed=0, image_size=(1, 8, 8), width=4).eval()
    classes = torch.tensor([0, 1, 2, 0, 1, 2])
    torch.testing.assert_close(by_class(images, classes)[:2], by_class(images[:2], classes[:2]))
    assert not torch.allclose(by_class(images, classes), by_class(images, (classes + 1) % 3), atol=1e-4)


def test_the_layers_of_the_projection_critic_have_spectral_norm_one():
    critic = ProjectionCritic(3, seed=0, image_size=(1, 16, 16), width=4).eval()
    for layer in (*critic.trunk.down, critic.verdict, critic.of_class):
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.1)
