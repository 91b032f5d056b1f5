"""The game in which `train_style_prior.py` trains the prior that ships: the discriminator, the losses, the average.

As in StyleGAN2 (Karras et al., CVPR 2020): softplus losses, R1 penalty every 16 steps, Adam with betas (0, 0.99), and a
moving average of the generator's weights, which is what is kept. Unlike there, both players see the same generated
images in a step, which saves a fifth of the time, and there is no path-length penalty.
"""

from __future__ import annotations

import copy
import hashlib
import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, softplus

from mia_kit import check
from mia_kit.data.pictures import to_floats
from mia_kit.models.style_prior import CHANNELS, Scaled, activate
from mia_kit.seeds import seeded
from mia_kit.training.checkpoints import fingerprint
from mia_kit.training.seeds import turn_generator
from mia_kit.training.wasserstein import play

PENALTY_EVERY = 16


class Discriminator(nn.Module):
    """One number for each image of shape (n, 3, 64, 64): large where it looks like a photograph."""

    def __init__(self, *, seed: int = 0, channels: tuple[int, ...] = CHANNELS) -> None:
        super().__init__()
        down = check.counts("channels", channels, 4)[::-1]
        with seeded(seed):
            self.from_bands = Scaled(12, down[0], 1)
            self.blocks = nn.ModuleList(_Down(above, below) for above, below in pairwise(down))
            self.last = Scaled(down[-1] + 1, down[-1], 3)
            self.hidden = Scaled(16 * down[-1], down[-1])
            self.verdict = Scaled(down[-1], 1)

    def forward(self, images: Tensor) -> Tensor:
        """Verdicts of shape (n,), each depending on the whole batch. ValueError for images of another shape."""
        x = activate(self.from_bands(to_bands(check.floats("images", images, ("n", 3, 64, 64)))))
        for block in self.blocks:
            x = block(x)
        spread = x.std(dim=0, unbiased=False).mean().expand(len(x), 1, 4, 4)  # tells a batch without variety
        x = activate(self.last(torch.cat([x, spread], dim=1)))
        return self.verdict(activate(self.hidden(x.flatten(1)))).squeeze(1)


class _Down(nn.Module):
    """Two convolutions and a shortcut, at half the size."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first, self.second = Scaled(inputs, inputs, 3), Scaled(inputs, outputs, 3)
        self.shortcut = Scaled(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        inner = activate(self.second(avg_pool2d(activate(self.first(x)), 2)))
        return (inner + self.shortcut(avg_pool2d(x, 2))) / math.sqrt(2)


def to_bands(images: Tensor) -> Tensor:
    """Haar bands of shape (n, 12, h / 2, w / 2): mean, horizontal, vertical and diagonal difference of each colour."""
    a, b, c, d = images[..., ::2, ::2], images[..., ::2, 1::2], images[..., 1::2, ::2], images[..., 1::2, 1::2]
    return torch.cat([a + b + c + d, a - b + c - d, a + b - c - d, a - b - c + d], dim=1) / 2


@dataclass(frozen=True)
class GanSettings:
    """`half_life`: images after which a weight's share in the moving average has halved."""

    steps: int = 6000
    batch_size: int = 32
    learning_rate: float = 0.0025
    penalty: float = 0.1
    half_life: float = 10_000
    checkpoint_every: int = 100


def fit_gan(
    generator: nn.Module,
    discriminator: nn.Module,
    images: np.ndarray,
    *,
    latent_size: int,
    seed: int,
    settings: GanSettings,
    checkpoint: Path | None = None,
    device: str = "cpu",
    progress: bool = True,
) -> tuple[nn.Module, float]:
    """Train both in place; returns the generator of averaged weights in evaluation mode, and the seconds taken.

    generator, discriminator : latents of shape (n, latent_size) to images; images to verdicts of shape (n,)
    images : uint8 of shape (n, h, w, 3); half of each batch is mirrored
    checkpoint : as in `mia_kit.training.wasserstein.fit_adversaries`
    """
    check.array("images", images, ("n", "h", "w", 3))
    both = (generator, discriminator)
    for player in both:
        player.to(device).train()
        player.to(memory_format=torch.channels_last)  # twice as fast on a CPU
    average = copy.deepcopy(generator).requires_grad_(False)
    for_generator, for_discriminator = (
        torch.optim.Adam(player.parameters(), lr=settings.learning_rate, betas=(0.0, 0.99)) for player in both
    )

    def turn(step: int) -> tuple[float, float]:
        """One step of each player. Returns the mean verdicts on real and on generated images."""
        random = turn_generator(seed, step)
        real = _batch(images, random, settings.batch_size).to(device, memory_format=torch.channels_last)
        made = generator(torch.randn(settings.batch_size, latent_size, generator=random).to(device))

        on_real, on_made = discriminator(real), discriminator(made.detach())
        for_discriminator.zero_grad()
        (softplus(-on_real).mean() + softplus(on_made).mean()).backward()
        if step % PENALTY_EVERY == 0:
            (0.5 * settings.penalty * PENALTY_EVERY * gradient_penalty(discriminator, real)).backward()
        for_discriminator.step()

        discriminator.requires_grad_(False)
        for_generator.zero_grad()
        softplus(-discriminator(made)).mean().backward()
        for_generator.step()
        discriminator.requires_grad_(True)
        follow(average, generator, step, settings)
        return on_real.detach().mean().item(), on_made.detach().mean().item()

    weights = [fingerprint(player.state_dict()) for player in both]
    pixels = hashlib.sha256(np.ascontiguousarray(images).data).hexdigest()
    parts = {"generator": generator, "discriminator": discriminator, "average": average}
    seconds = play(
        parts | {"generator_adam": for_generator, "discriminator_adam": for_discriminator},
        turn,
        steps=settings.steps,
        checkpoint_every=settings.checkpoint_every,
        run=" ".join([f"{settings} {seed} {latent_size}", *weights, str(images.shape), pixels]),
        checkpoint=checkpoint,
        progress=progress,
    )
    return average.eval(), seconds


def gradient_penalty(discriminator: nn.Module, real: Tensor) -> Tensor:
    """R1 (Mescheder et al., ICML 2018): the mean squared norm of the verdict's gradient at real images."""
    real = real.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(real).sum(), real, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)).mean()


@torch.no_grad()
def follow(average: nn.Module, generator: nn.Module, step: int, settings: GanSettings) -> None:
    """Move the average towards the generator; early in training it forgets faster."""
    half_life = min(settings.half_life, 0.05 * (step + 1) * settings.batch_size)
    keep = 0.5 ** (settings.batch_size / half_life)
    for mine, theirs in zip(average.parameters(), generator.parameters(), strict=True):
        mine.lerp_(theirs, 1 - keep)


def _batch(images: np.ndarray, random: torch.Generator, size: int) -> Tensor:
    """Photographs drawn with replacement, half of them mirrored: float of shape (size, 3, h, w) in [-1, 1]."""
    index = torch.randint(len(images), (size,), generator=random)
    batch = to_floats(torch.from_numpy(images[index.numpy()]).permute(0, 3, 1, 2))
    mirrored = torch.rand(size, 1, 1, 1, generator=random) < 0.5
    return torch.where(mirrored, batch.flip(3), batch)
