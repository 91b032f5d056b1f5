"""What KED-MI and VMI share: each class gets a normal distribution of latents, from which candidates are drawn.

Mean and log variance begin at the prior's, a standard normal, and move by Adam, one draw a step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mia_kit import check
from mia_kit.access import WhiteBox
from mia_kit.attacks.descent import descend
from mia_kit.attacks.latent_search import Group, SearchSettings, invert
from mia_kit.attacks.reconstructions import Reconstructions
from mia_kit.models.priors import Prior
from mia_kit.training.seeds import turn_generator

# From images of shape (n, channels, h, w), targets (n,), means and log variances (n, latent_size) to losses (n,).
DrawLoss = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class DistributionSettings(SearchSettings):
    """starts : distributions for each class; samples : candidates drawn from each in the end"""

    starts: int = 1
    samples: int = 5

    def __post_init__(self) -> None:
        check.whole_fields(self, starts=1, samples=1)
        super().__post_init__()

    @property
    def candidates(self) -> int:
        """All samples of all starts."""
        return self.starts * self.samples


def invert_distributions(
    access: WhiteBox,
    target_classes: Sequence[int],
    prior: Prior,
    settings: DistributionSettings,
    loss: DrawLoss,
    *,
    seed: int,
    progress: bool,
) -> Reconstructions:
    """As `invert`; all candidates of a start share its distribution and its trace."""

    def search(group: Group) -> tuple[Tensor, Tensor]:
        mean = torch.zeros_like(group.latents[:, 0]).requires_grad_()  # (n, latent_size)
        log_variance = torch.zeros_like(mean).requires_grad_()
        optimiser = torch.optim.Adam([mean, log_variance], lr=settings.learning_rate)

        def losses(step: int) -> Tensor:
            noise = torch.randn(group.searches, mean.shape[1], generator=turn_generator(seed + 1, step))[group.places]
            images = prior.synthesise(prior.map(draw(mean, log_variance, noise.to(mean))))
            return loss(images, group.targets, mean, log_variance)

        records = descend([mean, log_variance], losses, optimiser, settings.steps, bar=group.bar)
        with torch.no_grad():
            drawn = draw(mean[:, None], log_variance[:, None], group.latents)  # (n, samples, latent_size)
            return prior.map(drawn.flatten(0, 1)), records

    return invert(access, target_classes, prior, settings, search, seed=seed, progress=progress)


def draw(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """Normal latents with gradients to mean and log variance, for standard normal noise."""
    return mean + (0.5 * log_variance).exp() * noise
