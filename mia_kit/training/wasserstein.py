"""A generator against a critic: Adam, several steps of the critic for one of the generator, any two losses.

`Wasserstein` holds the losses of WGAN-GP (Gulrajani et al., NeurIPS 2017), with which GMI trains its prior (Zhang et
al., CVPR 2020). The numbers of `AdversarySettings` are GMI's; the steps and the size of a batch are ours. Images are
not mirrored: mirrored digits are no digits. `play` takes the steps of any game of two networks. What a step draws at
random depends on `seed` and its number alone, so that a run that is killed goes on to the same weights.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Generator, Tensor, nn
from tqdm.auto import tqdm

from mia_kit import check
from mia_kit.models.class_conditional import ClassConditional
from mia_kit.models.convolutional_gan import ConvolutionalPrior
from mia_kit.models.priors import DCGAN
from mia_kit.models.style_prior import StylePrior
from mia_kit.training.checkpoints import fingerprint, resumed, save_checkpoint
from mia_kit.training.seeds import turn_generator

AnyGenerator = ConvolutionalPrior | DCGAN | StylePrior | ClassConditional


@dataclass(frozen=True)
class AdversarySettings:
    """`critic_steps`: steps of the critic before each step of the generator."""

    steps: int = 6000
    batch_size: int = 64
    learning_rate: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    critic_steps: int = 5
    checkpoint_every: int = 100

    def __post_init__(self) -> None:
        check.whole_fields(self, steps=1, batch_size=2, critic_steps=1, checkpoint_every=1)
        check.in_range("learning_rate", self.learning_rate, 0, open_ends="low")


class Game(Protocol):
    """The two losses. `repr` of a game must name all that shapes its result, for checkpoints to tell games apart."""

    def critic_loss(
        self, critic: Any, generator: Any, batch: tuple[Tensor, ...], random: Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The critic's loss, and its verdicts on real and on made images, for a look at the course of training."""

    def generator_loss(self, critic: Any, generator: Any, batch: tuple[Tensor, ...], random: Generator) -> Tensor:
        """The generator's loss; the critic's weights are frozen meanwhile."""


@dataclass(frozen=True)
class Wasserstein:
    """WGAN-GP: the critic's mean verdict on real images less that on made ones, with slopes of 1 between them."""

    penalty: float = 10.0

    def critic_loss(
        self, critic: nn.Module, generator: ConvolutionalPrior, batch: tuple[Tensor, ...], random: Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        """E[D(made)] - E[D(real)] + penalty * E[(|slope| - 1)^2]."""
        (real,) = batch
        made = make(generator, draw_latents(generator, real, random))
        on_real, on_made = critic(real), critic(made)
        share = torch.rand(len(real), 1, 1, 1, generator=random).to(real)
        loss = on_made.mean() - on_real.mean() + self.penalty * slope_penalty(critic, real, made, share)
        return loss, on_real, on_made

    def generator_loss(
        self, critic: nn.Module, generator: ConvolutionalPrior, batch: tuple[Tensor, ...], random: Generator
    ) -> Tensor:
        """-E[D(made)]."""
        return -critic(generator(draw_latents(generator, batch[0], random))).mean()


def fit_adversaries(
    generator: nn.Module,
    critic: nn.Module,
    data: tuple[Tensor, ...],
    *,
    game: Game,
    seed: int,
    settings: AdversarySettings | None = None,
    checkpoint: Path | None = None,
    device: str | torch.device = "cpu",
    progress: bool = True,
) -> None:
    """Train both in place, and leave both in evaluation mode with frozen weights.

    `data` are images of shape (n, channels, h, w) in [-1, 1], and what belongs to them, each of n rows; batches are
    drawn with replacement. `checkpoint` is a file to save to and to go on from, for fresh players, the same game,
    settings, seed and data as at the first call; CheckpointError if it is damaged or of others.
    """
    settings = settings or AdversarySettings()
    images = check.images(data[0] if data else None)
    for part in data[1:]:
        check.shape("what belongs to the images", part, (len(images), *part.shape[1:]))
    players = {"generator": generator, "critic": critic}
    for player in players.values():
        player.to(device).train().requires_grad_(True)
    adams = {
        f"{name}_adam": torch.optim.Adam(player.parameters(), lr=settings.learning_rate, betas=settings.betas)
        for name, player in players.items()
    }

    def batch(random: Generator) -> tuple[Tensor, ...]:
        index = torch.randint(len(images), (settings.batch_size,), generator=random)
        return tuple(part[index].to(device) for part in data)

    def turn(step: int) -> tuple[float, float]:
        random = turn_generator(seed, step)
        for _ in range(settings.critic_steps):
            loss, on_real, on_made = game.critic_loss(critic, generator, batch(random), random)
            _descend(adams["critic_adam"], loss)
        critic.requires_grad_(False)
        _descend(adams["generator_adam"], game.generator_loss(critic, generator, batch(random), random))
        critic.requires_grad_(True)
        return on_real.detach().mean().item(), on_made.detach().mean().item()

    run = ""
    if checkpoint:  # all that shapes the result, as text
        weights = [fingerprint(player.state_dict()) for player in players.values()]
        told = fingerprint({str(place): part for place, part in enumerate(data)})
        run = " ".join([f"{settings} {game} {seed}", *weights, told])
    play(
        players | adams,
        turn,
        steps=settings.steps,
        checkpoint_every=settings.checkpoint_every,
        run=run,
        checkpoint=checkpoint,
        progress=progress,
    )
    for player in players.values():
        player.eval().requires_grad_(False)


def play(
    parts: Mapping[str, Any],
    turn: Callable[[int], tuple[float, float]],
    *,
    steps: int,
    checkpoint_every: int,
    run: str,
    checkpoint: Path | None = None,
    progress: bool = True,
) -> float:
    """Take the steps that are left, saving on the way; returns the seconds taken, those of a killed run included.

    `parts` are everything that changes from step to step; `turn` takes the step of a number and gives the mean verdicts
    on real and on made images; `run` is all that shapes the result, as text.
    """

    def restore(saved: dict[str, Any]) -> tuple[int, float]:
        for name, part in parts.items():
            part.load_state_dict(saved[name])
        return int(saved["step"]), float(saved["seconds"])

    step, before = resumed(checkpoint, run, restore, nothing=(0, 0.0))
    began = time.perf_counter() - before
    with tqdm(total=steps, initial=step, disable=not progress, desc="training a prior", unit="step") as bar:
        while step < steps:
            on_real, on_made = turn(step)
            step += 1
            bar.update()
            bar.set_postfix(real=f"{on_real:.2f}", made=f"{on_made:.2f}", refresh=False)
            if checkpoint and (step % checkpoint_every == 0 or step == steps):
                state = {name: part.state_dict() for name, part in parts.items()}
                save_checkpoint(checkpoint, state | {"step": step, "seconds": time.perf_counter() - began}, run=run)
    return time.perf_counter() - began


def slope_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, made: Tensor, share: Tensor) -> Tensor:
    """Mean of (|slope| - 1)^2, the verdict's slope taken at share * real + (1 - share) * made, a share an image."""
    between = (share * real + (1 - share) * made).detach().requires_grad_()
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return (slope.flatten(1).norm(dim=1) - 1).square().mean()


def draw_latents(generator: AnyGenerator, images: Tensor, random: Generator) -> Tensor:
    """Standard normal latents, one for each of `images` and where they are; the same on every device."""
    return torch.randn(len(images), generator.latent_size, generator=random).to(images)


@torch.no_grad()
def make(generator: nn.Module, codes: Tensor) -> Tensor:
    """Images for the critic to learn from: no gradient goes to the generator."""
    return generator(codes)


def _descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
