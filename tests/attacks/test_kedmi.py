"""KED-MI: each term by hand, the sign of the entropy, and what both players learn."""

import math

import pytest
import torch
from quarters import SIZE, Quarters, public_images

from mia_kit.access import WhiteBox
from mia_kit.attacks import kedmi
from mia_kit.models.convolutional_gan import ClassDiscriminator, ConvolutionalPrior
from mia_kit.training.seeds import turn_generator
from mia_kit.training.wasserstein import AdversarySettings

NETWORKS = {"image_size": (1, *SIZE), "width": 8}
LOGITS = torch.tensor([[math.log(2), 0.0, math.log(3)]], dtype=torch.float64)


def test_the_discriminators_loss_by_hand() -> None:
    """The classes weigh 2 + 1 + 3 = 6 against 1 for fake."""
    assert kedmi.log_real(LOGITS).exp().tolist() == pytest.approx([6 / 7])
    soft_labels = torch.tensor([[0.5, 0.25, 0.25]], dtype=torch.float64)
    made = torch.zeros(2, 3, dtype=torch.float64)  # 3 against 1
    named = 0.5 * math.log(6 / 2) + 0.25 * math.log(6) + 0.25 * math.log(6 / 3)
    expected = named - math.log(6 / 7) - math.log(1 / 4)
    assert kedmi.discriminator_loss(LOGITS, made, soft_labels).item() == pytest.approx(expected)


def test_feature_matching_is_of_means() -> None:
    """Means (2, 1) and (0, 2): 2 and 1, halved. Images that differ but have the same mean match."""
    real = torch.tensor([[1.0, 0.0], [3.0, 2.0]], dtype=torch.float64)
    made = torch.tensor([[0.0, 2.0]], dtype=torch.float64)
    assert kedmi.feature_matching(real, made).item() == pytest.approx(1.5)
    assert kedmi.feature_matching(real, real.mean(dim=0, keepdim=True)).item() == 0


def test_entropy_by_hand() -> None:
    expected = math.log(6) - (2 * math.log(2) + 3 * math.log(3)) / 6
    assert kedmi.entropy(LOGITS).item() == pytest.approx(expected)
    assert kedmi.entropy(torch.zeros(1, 5)).item() == pytest.approx(math.log(5))
    assert kedmi.entropy(torch.tensor([[100.0, 0.0]])).item() == pytest.approx(0, abs=1e-6)


class Fixed(torch.nn.Module):
    """A discriminator whose features do not tell images apart, but whose logits are given."""

    def __init__(self, logits):
        super().__init__()
        self.head = lambda features: features[:, :1] * 0 + torch.tensor(logits)

    def features(self, images):
        return images.flatten(1)


class Constant:
    """A generator that makes the given image whatever the latent."""

    latent_size = 2

    def __init__(self, image):
        self.image = image

    def __call__(self, latents):
        return self.image.expand(len(latents), *self.image.shape)


def test_the_generators_loss_and_the_sign_of_its_entropy() -> None:
    """Sure classes make the loss smaller, by the weight; the features add their distance."""
    image = torch.full((1, 2, 2), 0.5)
    batch, random = (image.expand(3, 1, 2, 2), torch.zeros(3, 2)), turn_generator(1, 0)
    sure, unsure = (
        kedmi.KnowledgeGame(entropy_weight=0.1).generator_loss(Fixed(logits), Constant(image), batch, random)
        for logits in ([30.0, 0.0], [0.0, 0.0])
    )
    assert sure.item() == pytest.approx(0, abs=1e-6) and unsure.item() == pytest.approx(0.1 * math.log(2))
    apart = kedmi.KnowledgeGame().generator_loss(Fixed([0.0, 0.0]), Constant(image + 1), batch, random)
    assert apart.item() == pytest.approx(1 + 1e-4 * math.log(2), rel=1e-6)


def test_the_discriminator_learns_the_targets_soft_labels() -> None:
    model, images = Quarters(scale=2.0), public_images()
    generator = ConvolutionalPrior(seed=0, latent_size=4, **NETWORKS)
    discriminator = ClassDiscriminator(4, seed=1, **NETWORKS)
    settings = AdversarySettings(steps=80, batch_size=20, critic_steps=1, learning_rate=2e-3)
    options = {"seed": 0, "settings": settings, "input_size": SIZE, "progress": False}
    access = WhiteBox(model)
    apart = (discriminator(images).softmax(dim=1) - access.confidences(images)).abs().mean()
    kedmi.train(access, images, generator=generator, discriminator=discriminator, **options)
    learnt = (discriminator(images).softmax(dim=1) - access.confidences(images)).abs().mean()
    assert learnt < 0.4 * apart, (learnt, apart)
