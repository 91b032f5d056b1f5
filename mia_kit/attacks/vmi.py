"""VMI: for each class a distribution of latents is learnt, as near to the prior's as the target's verdict allows.

Wang et al., "Variational Model Inversion Attacks" (NeurIPS 2021). Latents of the class are taken to be normal; mean and
log variance minimise the target's cross-entropy with the class, on average over draws, plus a weight times the
divergence from the prior's standard normal. So what comes back of a class is many pictures, not the surest one.

    vmi.run(WhiteBox(model), [0, 1], prior=load_dcgan(), seed=0)

Differences. The paper's best distributions are flows, one for each layer of a StyleGAN; of the families in its public
code this is the plainest, with a diagonal covariance. It walks by SGD for 31 rounds of 10,000 draws a class; here each
step takes one draw and Adam. The weight of the divergence, 0.001, is that of its public settings for CelebA.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from mia_kit import check
from mia_kit.access import WhiteBox
from mia_kit.attacks.distributions import DistributionSettings, invert_distributions
from mia_kit.attacks.losses import Loss, cross_entropy
from mia_kit.attacks.prior_to_target import as_seen
from mia_kit.attacks.reconstructions import Reconstructions
from mia_kit.models.priors import Prior


@dataclass(frozen=True)
class Settings(DistributionSettings):
    """divergence_weight : of the divergence in nats against the target's loss"""

    divergence_weight: float = 1e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        check.in_range("divergence_weight", self.divergence_weight, 0)


def run(
    access: WhiteBox,
    target_classes: Sequence[int],
    *,
    prior: Prior,
    seed: int,
    settings: Settings | None = None,
    loss: Loss = cross_entropy,
    progress: bool = True,
) -> Reconstructions:
    """Attack all `target_classes`, different ones in [0, classes), at once; `seed` seeds all draws.

    prior : generator whose latents are standard normal, in evaluation mode, on the model's device

    Raises as `mia_kit.attacks.gmi.run`.
    """
    settings = settings or Settings()

    def total(images: Tensor, targets: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
        told = loss(access.logits(as_seen(access, images, settings.input_size)), targets)
        return told + settings.divergence_weight * divergence(mean, log_variance)

    return invert_distributions(access, target_classes, prior, settings, total, seed=seed, progress=progress)


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Kullback-Leibler divergence, in nats, of normals from the standard one, each (n, d): shape (n,)."""
    return 0.5 * (log_variance.exp() + mean.square() - 1 - log_variance).sum(dim=1)
