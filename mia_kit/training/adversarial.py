"""Training a generator against a discriminator: the non-saturating loss with a gradient penalty on real images.

As in StyleGAN2 (Karras et al., CVPR 2020): softplus losses, R1 penalty every 16 steps, Adam with betas (0, 0.99), and a
moving average of the generator's weights, which is what is kept. Unlike there, both players see the same generated
images in a step, which saves a fifth of the time, and there is no path-length penalty.

`play` takes the steps of this and of every other game of two networks (`mia_kit.training.wasserstein`). What a step
draws at random depends on `seed` and its number alone, so a run that is killed goes on to the same weights.
"""

from __future__ import annotations

import copy
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus
from tqdm.auto import tqdm

from mia_kit import check
from mia_kit.data.pictures import to_floats
from mia_kit.training.checkpoints import fingerprint, load_checkpoint, save_checkpoint, unreadable
from mia_kit.training.seeds import turn_generator

PENALTY_EVERY = 16


@dataclass(frozen=True)
class GanSettings:
    """`half_life`: images after which a weight's share in the moving average has halved."""

    steps: int = 6000
    batch_size: int = 32
    learning_rate: float = 0.0025
    penalty: float = 0.1
    half_life: float = 10_000
    checkpoint_every: int = 100

    def __post_init__(self) -> None:
        check.whole_fields(self, steps=1, batch_size=2, checkpoint_every=1)
        for name in ("learning_rate", "half_life"):
            check.in_range(name, getattr(self, name), 0, open_ends="low")
        check.in_range("penalty", self.penalty, 0)


@dataclass
class _Players:
    """Everything that changes from step to step."""

    generator: nn.Module
    discriminator: nn.Module
    average: nn.Module
    optimisers: tuple[torch.optim.Optimizer, torch.optim.Optimizer]

    def parts(self) -> dict[str, Any]:
        """What a checkpoint holds, by name."""
        first, second = self.optimisers
        return {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "average": self.average,
            "generator_adam": first,
            "discriminator_adam": second,
        }


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
    each_checkpoint: Callable[[nn.Module, int], None] | None = None,
) -> tuple[nn.Module, float]:
    """Train both in place; returns the generator of averaged weights in evaluation mode, and the seconds taken.

    generator, discriminator : latents of shape (n, latent_size) to images; images to verdicts of shape (n,)
    images : uint8 of shape (n, h, w, 3); half of each batch is mirrored
    checkpoint : file to save to and to go on from, for fresh players as at the first call; none by default. Settings,
        seed, images and initial weights must be those of the first call
    each_checkpoint : is given the averaged generator and the step, for samples to look at

    ValueError if the images do not fit. CheckpointError if the checkpoint is damaged or of other settings. OSError if a
    checkpoint cannot be written; the one before it is whole.
    """
    check.array("images", images, ("n", "h", "w", 3))
    check.one_of("the dtype of images", str(images.dtype), ["uint8"])
    check.count("the number of images", len(images), settings.batch_size)
    players = _players(generator, discriminator, settings, device)
    run = _run_key(players, images, f"{settings} {seed} {latent_size}") if checkpoint else ""

    def turn(step: int) -> tuple[float, float]:
        return _step(players, images, step, latent_size=latent_size, seed=seed, settings=settings)

    def show(step: int) -> None:
        if each_checkpoint:
            each_checkpoint(players.average, step)

    seconds = play(
        players.parts(),
        turn,
        steps=settings.steps,
        checkpoint_every=settings.checkpoint_every,
        run=run,
        checkpoint=checkpoint,
        progress=progress,
        each_checkpoint=show,
    )
    return players.average.eval(), seconds


def play(
    parts: Mapping[str, Any],
    turn: Callable[[int], tuple[float, float]],
    *,
    steps: int,
    checkpoint_every: int,
    run: str,
    checkpoint: Path | None = None,
    progress: bool = True,
    each_checkpoint: Callable[[int], None] | None = None,
) -> float:
    """Take the steps that are left, saving on the way; returns the seconds taken, those of a killed run included.

    parts : everything that changes from step to step, each with `state_dict` and `load_state_dict`
    turn : takes the step of a number, from 0 to steps - 1, and gives the mean verdicts on real and on made images
    run : all that shapes the result, as text; a checkpoint is for one run
    each_checkpoint : is called with the steps taken so far every `checkpoint_every` steps and at the end

    CheckpointError if the checkpoint is damaged or of another run. OSError if a checkpoint cannot be written; the one
    before it is whole.
    """
    step, before = _resume(parts, checkpoint, run) if checkpoint else (0, 0.0)
    began = time.perf_counter() - before
    with tqdm(total=steps, initial=step, disable=not progress, desc="training a prior", unit="step") as bar:
        while step < steps:
            verdicts = turn(step)
            step += 1
            bar.update()
            bar.set_postfix(real=f"{verdicts[0]:.2f}", made=f"{verdicts[1]:.2f}", refresh=False)
            if step % checkpoint_every == 0 or step == steps:
                if checkpoint:
                    state = {name: part.state_dict() for name, part in parts.items()}
                    state |= {"step": step, "seconds": time.perf_counter() - began}
                    save_checkpoint(checkpoint, state, run=run)
                if each_checkpoint:
                    each_checkpoint(step)
    return time.perf_counter() - began


def _players(generator: nn.Module, discriminator: nn.Module, settings: GanSettings, device: str) -> _Players:
    both = (generator, discriminator)
    for player in both:
        player.to(device).train()
        player.to(memory_format=torch.channels_last)  # twice as fast on a CPU
    average = copy.deepcopy(generator).requires_grad_(False)
    first, second = (
        torch.optim.Adam(player.parameters(), lr=settings.learning_rate, betas=(0.0, 0.99)) for player in both
    )
    return _Players(generator, discriminator, average, (first, second))


def _run_key(players: _Players, images: np.ndarray, settings: str) -> str:
    """All that shapes the result, as text: two runs with the same key end with the same weights."""
    weights = [fingerprint(player.state_dict()) for player in (players.generator, players.discriminator)]
    pixels = hashlib.sha256(np.ascontiguousarray(images).data).hexdigest()
    return " ".join([settings, *weights, str(images.shape), pixels])


def _resume(parts: Mapping[str, Any], checkpoint: Path, run: str) -> tuple[int, float]:
    """Go on from the checkpoint, if there is one. Returns the steps and seconds that training has taken so far."""
    saved = load_checkpoint(checkpoint, run=run)
    if saved is None:
        return 0, 0.0
    try:
        for name, part in parts.items():
            part.load_state_dict(saved[name])
        return int(saved["step"]), float(saved["seconds"])
    except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as problem:
        raise unreadable(checkpoint) from problem


def _step(
    players: _Players, images: np.ndarray, step: int, *, latent_size: int, seed: int, settings: GanSettings
) -> tuple[float, float]:
    """One step of each player. Returns the mean verdicts on real and on generated images."""
    random = turn_generator(seed, step)
    place = next(players.generator.parameters()).device
    real = _batch(images, random, settings.batch_size).to(place, memory_format=torch.channels_last)
    made = players.generator(torch.randn(settings.batch_size, latent_size, generator=random).to(place))
    for_generator, for_discriminator = players.optimisers

    on_real, on_made = players.discriminator(real), players.discriminator(made.detach())
    for_discriminator.zero_grad()
    (softplus(-on_real).mean() + softplus(on_made).mean()).backward()
    if step % PENALTY_EVERY == 0:
        penalty = gradient_penalty(players.discriminator, real)
        (0.5 * settings.penalty * PENALTY_EVERY * penalty).backward()
    for_discriminator.step()

    players.discriminator.requires_grad_(False)
    for_generator.zero_grad()
    softplus(-players.discriminator(made)).mean().backward()
    for_generator.step()
    players.discriminator.requires_grad_(True)
    _follow(players, step, settings)
    return on_real.detach().mean().item(), on_made.detach().mean().item()


def gradient_penalty(discriminator: nn.Module, real: Tensor) -> Tensor:
    """R1 (Mescheder et al., ICML 2018): the mean squared norm of the verdict's gradient at real images."""
    real = real.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(real).sum(), real, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)).mean()


@torch.no_grad()
def _follow(players: _Players, step: int, settings: GanSettings) -> None:
    """Move the average towards the generator; early in training it forgets faster."""
    half_life = min(settings.half_life, 0.05 * (step + 1) * settings.batch_size)
    keep = 0.5 ** (settings.batch_size / half_life)
    for mine, theirs in zip(players.average.parameters(), players.generator.parameters(), strict=True):
        mine.lerp_(theirs, 1 - keep)


def _batch(images: np.ndarray, random: torch.Generator, size: int) -> Tensor:
    """Photographs drawn with replacement, half of them mirrored: float of shape (size, 3, h, w) in [-1, 1]."""
    index = torch.randint(len(images), (size,), generator=random)
    batch = to_floats(torch.from_numpy(images[index.numpy()]).permute(0, 3, 1, 2))
    mirrored = torch.rand(size, 1, 1, 1, generator=random) < 0.5
    return torch.where(mirrored, batch.flip(3), batch)
