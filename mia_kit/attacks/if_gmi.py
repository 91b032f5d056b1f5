"""IF-GMI: after the latent, what flows between the generator's layers is optimised, never far from where it was.

Qiu et al., "A Closer Look at GAN Priors: Exploiting Intermediate Features for Enhanced Model Inversion Attacks" (ECCV
2024). Plug & Play comes first. Then the attack enters the generator layer after layer: it computes the features there,
walks among them by the same loss, and after each step pulls the walk back into an l1 ball around their first value, so
that the rest of the generator still gets what it can draw. What was found flows on to the next layer.

    if_gmi.run(WhiteBox(model), [0, 1], prior=load_dcgan(), seed=0)

Differences from the paper. The prior is our DCGAN, where the paper has StyleGAN2, whose latent is optimised together
with each layer's features. The radius is per number of the features, because layers differ in size: the public
settings, 1,000 to 8,000 in all, are 0.1 to 0.25 of it in the first layers. Its surrogates of the target are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Generator, Tensor, nn

from mia_kit import check
from mia_kit.access import WhiteBox
from mia_kit.attacks import ppa
from mia_kit.attacks.crops import cut
from mia_kit.attacks.descent import Recorder
from mia_kit.attacks.losses import Loss, poincare
from mia_kit.attacks.prior_to_target import in_channels
from mia_kit.attacks.reconstructions import Reconstructions, Trace, on_cpu
from mia_kit.models.batches import in_batches
from mia_kit.models.priors import DCGAN, Prior
from mia_kit.seeds import stream
from mia_kit.signatures import checked

BLOCK = 3  # layers of the DCGAN that make one of its blocks: convolution, batch norm, ReLU


@dataclass(frozen=True)
class Settings:
    """latent : of the attack that comes first, whose rate, crops and selection are used in the layers too

    layer_steps : steps in the features after the first block, the second, and so on, four blocks at most
    radius : of the l1 ball, for each number of the features
    """

    latent: ppa.Settings = field(default_factory=ppa.Settings)
    layer_steps: tuple[int, ...] = (10, 10, 10)
    radius: float = 0.1

    def __post_init__(self) -> None:
        check.count("the number of layer_steps", len(self.layer_steps), 1, 4)
        for steps in self.layer_steps:
            check.count("each of layer_steps", steps, 0)
        check.in_range("radius", self.radius, 0)


@checked
def run(
    access: WhiteBox,
    target_classes: Sequence[int],
    *,
    prior: Prior,
    seed: int,
    settings: Settings | None = None,
    loss: Loss = poincare,
    scores: Tensor | None = None,
    progress: bool = True,
) -> Reconstructions:
    """Attack all `target_classes` at once. Arguments, seeds and errors are those of `ppa.run`.

    The codes are the features that the images were drawn from, of shape (m, channels, h, w); the film is empty.
    TypeError if the prior is not a `DCGAN`, whose layers can be entered.
    """
    dcgan: DCGAN = check.kind("prior", prior, DCGAN, "a DCGAN")
    settings, before = settings or Settings(), access.queries
    latent = settings.latent
    start = ppa.run(
        access, target_classes, prior=prior, seed=seed, settings=latent, loss=loss, scores=scores, progress=progress
    )
    targets, generator = start.targets.to(access.device), stream(seed + 2)
    features = start.codes.to(access.device)[:, :, None, None]  # (m, latent size, 1, 1)
    records = [torch.stack([start.trace.losses, start.trace.gradient_norms, start.trace.gradient_cosines])]
    layers = list(dcgan.main)
    for steps in settings.layer_steps:
        block, layers = nn.Sequential(*layers[:BLOCK]), layers[BLOCK:]
        features = in_batches(block, features, batch_size=settings.latent.batch_size)
        rest = nn.Sequential(*layers)
        features, record = walk(access, rest, features, targets, steps, settings, loss, generator)
        records.append(record)
    images = in_batches(lambda part: rest(part).clamp(-1, 1), features, batch_size=settings.latent.batch_size)
    final = ppa.score_candidates(access, images, targets, settings.latent, generator)
    return on_cpu(
        images,
        features,
        targets,
        final,
        trace=Trace(*torch.cat(records, dim=1)),
        queries=access.queries - before,
        selected=ppa.select(final, settings.latent),
    )


def walk(
    access: WhiteBox,
    rest: nn.Module,
    features: Tensor,
    targets: Tensor,
    steps: int,
    settings: Settings,
    loss: Loss,
    generator: Generator,
) -> tuple[Tensor, Tensor]:
    """Adam on features of shape (m, ...) within their balls; `rest` draws images of them. Records as of `descend`."""
    latent, parts, records = settings.latent, [], []
    boxes = latent.crop.boxes(steps * len(features), generator).view(steps, len(features), 2, 3)
    for batch in torch.arange(len(features)).split(latent.batch_size):
        first = features[batch].detach()
        codes = first.clone().requires_grad_()
        optimiser, recorder = latent.optimiser_of(codes), Recorder(steps, len(codes))
        radius = settings.radius * first[0].numel()
        for step in range(steps):
            views = cut(rest(codes), boxes[step, batch], latent.input_size)
            losses = loss(access.logits(in_channels(access.channels, views)), targets[batch])
            (codes.grad,) = torch.autograd.grad(losses.sum(), codes)
            optimiser.step()
            codes.data = first + into_l1_ball((codes.data - first).flatten(1), radius).view_as(first)
            recorder.note(step, losses, codes.grad)
        parts.append(codes.detach())
        records.append(recorder.values)
    return torch.cat(parts), torch.cat(records, dim=2)


def into_l1_ball(moves: Tensor, radius: float) -> Tensor:
    """The nearest points to moves of shape (n, d) whose sizes sum to at most `radius` (Duchi et al., ICML 2008).

    Each number shrinks towards 0 by the same threshold, which is that of the greatest numbers that stay above it.
    """
    sizes = moves.abs()
    ranked = sizes.sort(dim=1, descending=True).values
    places = torch.arange(1, moves.shape[1] + 1, device=moves.device)
    thresholds = (ranked.cumsum(dim=1) - radius) / places  # if so many stay, (n, d)
    staying = (ranked > thresholds).sum(dim=1, keepdim=True).clamp_min(1)
    threshold = thresholds.gather(1, staying - 1).clamp_min(0)
    return moves.sign() * (sizes - threshold).clamp_min(0)
