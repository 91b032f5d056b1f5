"""GMI, "The Secret Revealer" (Zhang et al., CVPR 2020): a latent that the target and a GAN's critic both like.

Minimises -D(G(z)) + 100 * cross-entropy. Prior and critic are trained on public images, without the target:

    fit_adversaries(ConvolutionalPrior(seed=0), Critic(seed=1), (images,), game=Wasserstein(), seed=2)

Any other prior with a critic for its images will do, and any other loss in place of the cross-entropy, such as LOMMA's.

Our losses are summed over a batch. Where they are averaged, each step is shorter by the number of candidates in the
batch, for which `averaged_over` stands: 64 is our guess. Latents are clamped at the start as well as after each step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mia_kit import check
from mia_kit.access import WhiteBox
from mia_kit.attacks.descent import descend
from mia_kit.attacks.latent_search import Group, ImageLoss, SearchSettings, invert, on_images
from mia_kit.attacks.losses import Loss, cross_entropy
from mia_kit.attacks.prior_to_target import as_seen
from mia_kit.attacks.reconstructions import Reconstructions
from mia_kit.models.priors import Prior
from mia_kit.snapshot import check_mode

MOMENTUM, BOUND = 0.9, 1.0  # latents stay in [-BOUND, BOUND]


@dataclass(frozen=True)
class Settings(SearchSettings):
    """The paper's numbers; later papers take up to 2,400 steps.

    identity_weight : of the target's loss against the critic's verdict
    """

    identity_weight: float = 100.0
    averaged_over: int = 64

    def __post_init__(self) -> None:
        super().__post_init__()
        check.whole_fields(self, averaged_over=1)
        check.in_range("identity_weight", self.identity_weight, 0)


def run(
    access: WhiteBox,
    target_classes: Sequence[int],
    *,
    prior: Prior,
    critic: nn.Module,
    seed: int,
    settings: Settings | None = None,
    loss: Loss | ImageLoss = cross_entropy,
    progress: bool = True,
) -> Reconstructions:
    """Attack all `target_classes`, different ones in [0, classes), at once; `seed` seeds the latents.

    prior : generator whose latents are searched, in evaluation mode, on the model's device
    critic : gives verdicts of shape (n,) on the prior's images, large where they look real
    loss : what the target has to say; a loss of logits, or `mia_kit.attacks.lomma`'s
    """
    settings = settings or Settings()
    check_mode("critic", critic)
    identity = on_images(access, loss)

    def search(group: Group) -> tuple[Tensor, Tensor]:
        z = group.latents[:, 0].clamp(-BOUND, BOUND).requires_grad_()
        optimiser = torch.optim.SGD([z], lr=settings.learning_rate / settings.averaged_over, momentum=MOMENTUM)

        def losses(_: int) -> Tensor:
            images = prior.synthesise(prior.map(z))
            told = identity(as_seen(access, images, settings.input_size), group.targets)
            return settings.identity_weight * told - critic(images)

        @torch.no_grad()
        def clamp() -> None:
            z.clamp_(-BOUND, BOUND)

        records = descend([z], losses, optimiser, settings.steps, bar=group.bar, after_step=clamp)
        return prior.map(z.detach()), records

    return invert(access, target_classes, prior, settings, search, seed=seed, progress=progress)
