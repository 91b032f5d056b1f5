"""PPDG-MI: what a first attack brought back tunes the prior, and the attack begins again.

Peng et al., "Pseudo-Private Data Guided Model Inversion Attacks" (NeurIPS 2024), point by point: Plug & Play comes
first; its pictures stand for private ones. For each a neighbour is sought that the prior draws more often, and the
generator is moved a little until it draws the picture there. So the prior becomes denser where the people are.

    ppdg.run(WhiteBox(model), [0, 1], prior=load_dcgan(), seed=0)

Built from the paper's summary and public code; numbers of the tuning are those of its settings. Differences. How often
the prior draws a picture is told by its code, as far as codes are normal, where the paper asks a discriminator; ours
has none. Pictures are compared by pixels, not by VGG's features. One generator is tuned for all classes at once, where
the paper tunes one for each, and the attacks before and after it have the same settings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import mse_loss
from tqdm.auto import tqdm

from mia_kit import check
from mia_kit.access import WhiteBox
from mia_kit.attacks import ppa
from mia_kit.attacks.losses import Loss, poincare
from mia_kit.attacks.prior_to_target import synthesise
from mia_kit.attacks.reconstructions import Reconstructions, Trace
from mia_kit.models import in_batches
from mia_kit.models.priors import Prior, sample_latents
from mia_kit.seeds import stream
from mia_kit.signatures import checked

SAMPLE = 1000  # codes of the prior that say which are usual


class Network(Prior, Protocol):
    """A prior whose weights can move."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """Its weights."""

    def requires_grad_(self, requires_grad: bool) -> Network:
        """Let its weights take gradients, or no longer."""


@dataclass(frozen=True)
class Settings:
    """attack : Plug & Play, before and after; rounds : of tuning

    density : weight of a neighbour's squared distance from the middle of the codes, in their standard deviations
    neighbour_steps, neighbour_rate, tuning_steps, tuning_rate : of Adam, for the neighbours and for the weights
    """

    attack: ppa.Settings = field(default_factory=ppa.Settings)
    rounds: int = 1
    density: float = 0.01
    neighbour_steps: int = 300
    neighbour_rate: float = 0.005
    tuning_steps: int = 150
    tuning_rate: float = 3e-4

    def __post_init__(self) -> None:
        check.whole_fields(self, rounds=0, neighbour_steps=0, tuning_steps=0)
        check.in_range("density", self.density, 0)
        for name in ("neighbour_rate", "tuning_rate"):
            check.in_range(name, getattr(self, name), 0, open_ends="low")


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

    Images are the tuned generator's: the prior, which stays as it was, draws others from the codes. `scores` are of the
    first sample from the prior. TypeError if the prior is no network whose weights can move.
    """
    network: Network = check.kind("prior", prior, nn.Module, "a network, whose weights can be tuned")
    settings, before = settings or Settings(), access.queries

    def attack(prior: Prior, scores: Tensor | None) -> Reconstructions:
        same = partial(ppa.run, access, target_classes, seed=seed, settings=settings.attack, loss=loss)
        return same(prior=prior, scores=scores, progress=progress)

    result = attack(prior, scores)
    traces = [result.trace]
    for round_number in range(settings.rounds):
        codes = result.codes[result.selected].to(access.device)
        network = tune(network, codes, settings, stream(seed + 3 + round_number), progress=progress)
        result = attack(network, None)
        traces.append(result.trace)
    courses = ((trace.losses, trace.gradient_norms, trace.gradient_cosines) for trace in traces)
    trace = Trace(*(torch.cat(parts) for parts in zip(*courses, strict=True)))
    return replace(result, trace=trace, queries=access.queries - before)


def tune(prior: Network, codes: Tensor, settings: Settings, generator: Generator, *, progress: bool) -> Network:
    """A copy of the prior that draws the pictures of `codes`, of shape (n, ...), at more usual codes nearby."""
    pictures = synthesise(prior, codes, batch_size=settings.attack.batch_size)
    usual = neighbours(prior, codes, pictures, settings)
    tuned = deepcopy(prior).requires_grad_(True)
    optimiser = torch.optim.Adam(tuned.parameters(), lr=settings.tuning_rate)
    batch_size = min(len(codes), settings.attack.batch_size)
    for _ in tqdm(range(settings.tuning_steps), disable=not progress, desc="tuning the prior", unit="step"):
        batch = torch.randperm(len(codes), generator=generator)[:batch_size]
        optimiser.zero_grad()
        mse_loss(tuned.synthesise(usual[batch]), pictures[batch]).backward()
        optimiser.step()
    return tuned.requires_grad_(False)


def neighbours(prior: Prior, codes: Tensor, pictures: Tensor, settings: Settings) -> Tensor:
    """Codes near those of the pictures, of shape (n, ...), but nearer to the middle of all that the prior draws."""
    drawn = in_batches(prior.map, sample_latents(prior, SAMPLE, seed=0).to(codes.device))
    middle, spread = drawn.mean(dim=0), drawn.std(dim=0)
    varies = spread > 0  # the shares of classes, for one, are the same in all codes
    parts = []
    for batch in torch.arange(len(codes)).split(settings.attack.batch_size):
        moving = codes[batch].clone().requires_grad_()
        optimiser = torch.optim.Adam([moving], lr=settings.neighbour_rate)
        for _ in range(settings.neighbour_steps):
            gap = mse_loss(prior.synthesise(moving), pictures[batch], reduction="none").flatten(1).mean(dim=1)
            rarity = ((moving - middle)[:, varies] / spread[varies]).square().mean(dim=1)
            (moving.grad,) = torch.autograd.grad((gap + settings.density * rarity).sum(), moving)
            optimiser.step()
        parts.append(moving.detach())
    return torch.cat(parts)
