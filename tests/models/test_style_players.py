"""The style-based prior as KED-MI's and PLG-MI's players: each begins as the network that it was made from."""

import pytest
import torch

from mia_kit.models import sample_latents
from mia_kit.models.style_players import ClassStylePrior, StyleClassDiscriminator, StyleProjectionCritic
from mia_kit.models.style_prior import Discriminator, StylePrior

CHANNELS = (8, 8, 8, 8)
CLASSES = 5


@pytest.fixture
def prior() -> StylePrior:
    return StylePrior(channels=CHANNELS).eval()


@pytest.fixture
def discriminator() -> Discriminator:
    return Discriminator(channels=CHANNELS).eval()


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_the_class_prior_begins_as_the_prior(prior: StylePrior) -> None:
    latents, own = sample_latents(prior, 3, seed=1), ClassStylePrior(prior, CLASSES)
    with torch.no_grad():
        wanted = prior(latents)
        for codes in (own.map(latents), own.codes(latents, torch.tensor([0, 3, 4]))):
            torch.testing.assert_close(own(codes), wanted)


def test_only_the_shift_of_its_class_moves_a_style(prior: StylePrior) -> None:
    own, latents = ClassStylePrior(prior, CLASSES), sample_latents(prior, 2, seed=1)
    own.codes(latents, torch.tensor([1, 1])).sum().backward()
    assert own.shifts.grad is not None
    assert own.shifts.grad[1].abs().min() > 0 and own.shifts.grad[[0, 2, 3, 4]].abs().max() == 0
    with torch.no_grad():
        own.shifts[1] = 0.1
        moved = own.codes(latents, torch.tensor([1, 0])) - prior.map(latents)
    assert moved[0].min() > 1 and moved[1].abs().max() == 0


def test_all_classes_together_begin_as_sure_as_the_discriminator(
    discriminator: Discriminator, images: torch.Tensor
) -> None:
    with torch.no_grad():
        discriminator.verdict.bias.fill_(0.7)
        wanted = discriminator(images)
        logits = StyleClassDiscriminator(discriminator, CLASSES)(images)
    assert logits.shape == (4, CLASSES)
    torch.testing.assert_close(logits.logsumexp(dim=1), wanted)


def test_the_critic_begins_as_the_discriminator_and_learns_of_classes(
    discriminator: Discriminator, images: torch.Tensor
) -> None:
    critic, labels = StyleProjectionCritic(discriminator, CLASSES), torch.tensor([0, 1, 2, 2])
    torch.testing.assert_close(critic(images, labels), discriminator(images))
    critic(images, labels).sum().backward()
    assert critic.of_class.grad is not None
    assert (critic.of_class.grad[:3].abs().sum(dim=1) > 0).all() and critic.of_class.grad[3:].abs().max() == 0


def test_there_must_be_classes(prior: StylePrior, discriminator: Discriminator) -> None:
    with pytest.raises(ValueError, match="classes must be at least 1, got 0 instead"):
        ClassStylePrior(prior, 0)
    with pytest.raises(ValueError, match="classes must be at least 1, got 0 instead"):
        StyleClassDiscriminator(discriminator, 0)
