"""KED-MI, Knowledge-Enriched Distributional Model Inversion (Chen et al., ICCV 2021).

The discriminator learns from the target: it predicts the target's soft labels on public images, besides telling real
from made (K classes and "fake", as in Salimans et al., NeurIPS 2016). The generator matches the discriminator's mean
features, and is to make images of which the discriminator is sure (a weight of 1e-4 on the entropy). The inversion
looks for a normal distribution of latents, of which it learns mean and log variance, and draws the candidates from it.

Mean features are matched by their mean absolute difference as in the public code, to whose scale the weight of 1e-4
belongs; the paper writes a squared norm. What stays different: the code halves the discriminator's two terms on real
and fake, and begins with a log variance of 1; ours are whole as in the paper, and begin at 0, the prior's own spread.
The target is asked about every public image once before training, not in every step, and its batch norm must not learn.
One step of the discriminator goes with each of the generator; the weight of the identity loss, 100, is GMI's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import log_softmax, logsigmoid

from mia_kit import check
from mia_kit.access import WhiteBox
from mia_kit.attacks.distributions import DistributionSettings, invert_distributions
from mia_kit.attacks.latent_search import ImageLoss, answers, check_classes, on_images
from mia_kit.attacks.losses import Loss, cross_entropy
from mia_kit.attacks.prior_to_target import as_seen
from mia_kit.attacks.reconstructions import Reconstructions
from mia_kit.models.convolutional_gan import ClassDiscriminator
from mia_kit.models.priors import Prior
from mia_kit.snapshot import check_mode
from mia_kit.training.wasserstein import AdversarySettings, AnyGenerator, draw_latents, fit_adversaries, make

TRAINING = AdversarySettings(critic_steps=1)


@dataclass(frozen=True)
class Settings(DistributionSettings):
    """The paper's numbers. identity_weight : of the target's loss against the discriminator's verdict"""

    steps: int = 2400
    identity_weight: float = 100.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check.in_range("identity_weight", self.identity_weight, 0)


@dataclass(frozen=True)
class KnowledgeGame:
    """The losses of both players on batches of (images, the target's confidences in them)."""

    entropy_weight: float = 1e-4

    def critic_loss(
        self, critic: ClassDiscriminator, generator: AnyGenerator, batch: tuple[Tensor, ...], random: Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Cross-entropy with the soft labels, less the log probabilities that real is real and made is fake."""
        real, soft_labels = batch
        on_real = critic(real)
        on_made = critic(make(generator, draw_latents(generator, real, random)))
        loss = discriminator_loss(on_real, on_made, soft_labels)
        return loss, on_real.logsumexp(dim=1), on_made.logsumexp(dim=1)

    def generator_loss(
        self, critic: ClassDiscriminator, generator: AnyGenerator, batch: tuple[Tensor, ...], random: Generator
    ) -> Tensor:
        """Feature matching plus entropy_weight times the entropy of the classes predicted for made images."""
        real, _ = batch
        made = critic.features(generator(draw_latents(generator, real, random)))
        with torch.no_grad():
            wanted = critic.features(real)
        return feature_matching(wanted, made) + self.entropy_weight * entropy(critic.head(made)).mean()


def train(
    access: WhiteBox,
    images: Tensor,
    *,
    generator: AnyGenerator,
    discriminator: ClassDiscriminator,
    seed: int,
    settings: AdversarySettings = TRAINING,
    input_size: tuple[int, int] = (64, 64),
    checkpoint: Path | None = None,
    progress: bool = True,
) -> int:
    """Train generator and discriminator in place on public images and what the target says; returns the queries.

    Images are of shape (n, channels, h, w) in [-1, 1], of the generator's size, and each is one query. The
    discriminator has as many classes as the target.
    """
    soft_labels = answers(access, images, input_size)  # (n, classes)
    check_classes("discriminator", discriminator.head.out_features, soft_labels)
    fit_adversaries(
        generator,
        discriminator,
        (images, soft_labels),
        game=KnowledgeGame(),
        seed=seed,
        settings=settings,
        checkpoint=checkpoint,
        device=access.device,
        progress=progress,
    )
    return len(images)


def run(
    access: WhiteBox,
    target_classes: Sequence[int],
    *,
    prior: Prior,
    discriminator: nn.Module,
    seed: int,
    settings: Settings | None = None,
    loss: Loss | ImageLoss = cross_entropy,
    progress: bool = True,
) -> Reconstructions:
    """Attack all `target_classes` at once, as `mia_kit.attacks.gmi.run` does.

    `discriminator` gives class logits of shape (n, K) on the prior's images, against a logit of 0 for "fake".
    """
    settings = settings or Settings()
    check_mode("discriminator", discriminator)
    identity = on_images(access, loss)

    def total(images: Tensor, targets: Tensor, *_: Tensor) -> Tensor:
        told = identity(as_seen(access, images, settings.input_size), targets)
        return settings.identity_weight * told - log_real(discriminator(images))

    return invert_distributions(access, target_classes, prior, settings, total, seed=seed, progress=progress)


def log_real(logits: Tensor) -> Tensor:
    """Log of the probability, of shape (n,), of any of the K classes against "fake", whose logit is 0."""
    return logsigmoid(logits.logsumexp(dim=1))


def discriminator_loss(on_real: Tensor, on_made: Tensor, soft_labels: Tensor) -> Tensor:
    """-E[sum of soft label * log of class probability] - E[log real(real)] - E[log fake(made)]."""
    named = (soft_labels * log_softmax(on_real, dim=1)).sum(dim=1)
    return -(named + log_real(on_real)).mean() - logsigmoid(-on_made.logsumexp(dim=1)).mean()


def feature_matching(real: Tensor, made: Tensor) -> Tensor:
    """Mean absolute difference between the mean features of real and of made images, each of shape (n, d)."""
    return (real.mean(dim=0) - made.mean(dim=0)).abs().mean()


def entropy(logits: Tensor) -> Tensor:
    """Entropy of the K classes, of shape (n,): 0 where one is certain, log K where all are alike."""
    log_shares = log_softmax(logits, dim=1)
    return -(log_shares.exp() * log_shares).sum(dim=1)
