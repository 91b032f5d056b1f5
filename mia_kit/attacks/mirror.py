"""MIRROR (An et al., NDSS 2022): keep the codes of a style-based generator where its own samples lie.

The mapping network ends in a leaky ReLU of slope 0.2. Undone, p = LeakyReLU_5(w), the numbers are nearly normal, so an
attack that clips p to mean +- one standard deviation of the prior's samples cannot leave the faces. `run` descends the
gradient of a white box; `run_black` breeds codes by the confidences of a service.

Our reading, where we know the paper from descriptions alone: the learning rate ramps as in StyleGAN2's projector
(Karras et al., CVPR 2020, appendix D); the genetic search draws parents in proportion to fitness, takes each number of
a child from one of two parents with chances in proportion to theirs, mutates each number by itself, clips children and
the first population, and carries one elite. psi = 0.7 belongs to the prior; it makes p less normal. A prior whose codes
are no leaky ReLU's is clipped in the same way, without that reason.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import leaky_relu
from tqdm.auto import tqdm

from mia_kit import check
from mia_kit.access import ConfidenceAPI, WhiteBox
from mia_kit.attacks.descent import Recorder
from mia_kit.attacks.losses import Loss, cross_entropy
from mia_kit.attacks.prior_to_target import Ask, as_seen, asker, check_targets, count_classes, fitness, synthesise
from mia_kit.attacks.reconstructions import Reconstructions, Trace, comparable, on_cpu
from mia_kit.models.batches import in_batches
from mia_kit.models.priors import Prior, sample_latents
from mia_kit.signatures import checked
from mia_kit.training.seeds import generators_for

SLOPE = 0.2
# Shares of the steps in which the learning rate rises, linearly, and falls, as a cosine.
RAMP_UP, RAMP_DOWN = 0.05, 0.25


@dataclass(frozen=True)
class Settings:
    """The white box in the paper's numbers; `input_size`, (h, w), is what the target was trained on."""

    input_size: tuple[int, int] = (224, 224)
    pool: int = 100_000
    steps: int = 20_000
    learning_rate: float = 0.25
    batch_size: int = 100

    def __post_init__(self) -> None:
        check.size_field(self, "input_size")
        check.whole_fields(self, pool=2, steps=0, batch_size=1)
        check.in_range("learning_rate", self.learning_rate, 0, open_ends="low")


@dataclass(frozen=True)
class GeneticSettings:
    """The black box in the paper's numbers.

    mutation : chance that a number of a child is disturbed
    noise : how far, in standard deviations of p
    stop : confidence at which a class is finished
    """

    input_size: tuple[int, int] = (224, 224)
    pool: int = 100_000
    population: int = 100
    generations: int = 100
    mutation: float = 0.1
    noise: float = 0.1
    stop: float = 0.95
    batch_size: int = 100

    def __post_init__(self) -> None:
        check.size_field(self, "input_size")
        check.whole_fields(self, pool=2, population=2, generations=0, batch_size=1)
        check.count("population, at most pool,", self.population, most=self.pool)
        check.in_range("mutation", self.mutation, 0, 1)
        check.in_range("noise", self.noise, 0)
        check.in_range("stop", self.stop, 0, 1, open_ends="low")


@dataclass(frozen=True, eq=False)
class Region:
    """Where the prior's samples lie in the space of p: mean and standard deviation, each of the shape of a code."""

    mean: Tensor
    std: Tensor

    def clip(self, p: Tensor) -> Tensor:
        """p of shape (n, ...), each number within one standard deviation of the mean."""
        return p.clamp(self.mean - self.std, self.mean + self.std)


def to_p(codes: Tensor) -> Tensor:
    """Undo the leaky ReLU at the end of the mapping."""
    return leaky_relu(codes, 1 / SLOPE)


def to_codes(p: Tensor) -> Tensor:
    """The inverse of `to_p`."""
    return leaky_relu(p, SLOPE)


@checked
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
    """Attack all `target_classes` at once with gradients: one reconstruction of each, the last code of the descent.

    Parameters and errors are those of `mia_kit.attacks.ppa.run`.
    """
    settings, before = settings or Settings(), access.queries
    classes = count_classes(access.logits, access, prior, settings.input_size)
    targets, pool, scores, ask = sample(access, check_targets(target_classes, classes), prior, settings, seed=seed)
    starts = scores.argmax(dim=0)  # (m,)
    codes, trace = descend(access, prior, pool[starts], targets, region_of(pool), settings, loss, progress=progress)
    final = ask(codes).gather(1, targets[:, None]).squeeze(1)
    images, queries = synthesise(prior, codes, batch_size=settings.batch_size), access.queries - before
    return on_cpu(images, codes, targets, final, trace=trace, queries=queries)


@checked
def run_black(
    access: ConfidenceAPI | WhiteBox,
    target_classes: Sequence[int],
    *,
    prior: Prior,
    seed: int,
    settings: GeneticSettings | None = None,
    progress: bool = True,
) -> Reconstructions:
    """Attack all `target_classes` at once with confidences: the fittest code that each one's population ever held.

    The trace holds 1 - the best fitness before each generation, NaN without an answer. Each class draws from a stream
    of its own, so that its result does not depend on the others. Other parameters and errors are those of `run`.
    """
    settings, before = settings or GeneticSettings(), access.queries
    classes = count_classes(access.confidences, access, prior, settings.input_size)
    targets, pool, scores, ask = sample(access, check_targets(target_classes, classes), prior, settings, seed=seed)
    starts = scores.topk(settings.population, dim=0).indices.T  # (m, population)
    generators = generators_for(targets.tolist(), seed=seed)
    codes, fittest, trace = evolve(ask, pool[starts], targets, region_of(pool), settings, generators, progress=progress)
    images, queries = synthesise(prior, codes, batch_size=settings.batch_size), access.queries - before
    return on_cpu(images, codes, targets, fittest, trace=trace, queries=queries)


@torch.no_grad()
def sample(
    access: ConfidenceAPI | WhiteBox,
    target_classes: Sequence[int],
    prior: Prior,
    settings: Settings | GeneticSettings,
    *,
    seed: int,
) -> tuple[Tensor, Tensor, Tensor, Ask]:
    """Targets of shape (m,), one pool for all: codes (pool, ...) and confidences (pool, m) to sort by; whom to ask."""
    size, batch_size = settings.input_size, settings.batch_size
    targets = torch.tensor(target_classes)
    ask = asker(access.confidences, access, prior, size=size, batch_size=batch_size)
    latents = sample_latents(prior, settings.pool, seed=seed).to(access.device)
    codes = in_batches(prior.map, latents, batch_size=batch_size)
    scores = torch.cat([ask(part)[:, targets] for part in codes.split(batch_size)])
    return targets.to(access.device), codes, comparable(scores), ask


def region_of(codes: Tensor) -> Region:
    """Mean and standard deviation of p over the prior's samples, codes of shape (n, ...)."""
    p = to_p(codes)
    return Region(p.mean(dim=0), p.std(dim=0))


def ramp(share: float) -> float:
    """Factor of the learning rate once `share` of the steps, in [0, 1], are done."""
    falling = 0.5 - 0.5 * math.cos(math.pi * min(1, (1 - share) / RAMP_DOWN))
    return falling * min(1, share / RAMP_UP)


def descend(
    access: WhiteBox,
    prior: Prior,
    codes: Tensor,
    targets: Tensor,
    region: Region,
    settings: Settings,
    loss: Loss,
    *,
    progress: bool = False,
) -> tuple[Tensor, Trace]:
    """Adam on codes of shape (m, ...), which share batches and nothing else, clipped to the region after every step."""
    parts, records = [], []
    bar = tqdm(total=len(codes) * settings.steps, disable=not progress, desc="attacking", unit="image")
    for batch in torch.arange(len(codes)).split(settings.batch_size):
        moving = codes[batch].detach().clone().requires_grad_()
        optimiser = torch.optim.Adam([moving])
        recorder = Recorder(settings.steps, len(moving))
        for step in range(settings.steps):
            images = as_seen(access, prior.synthesise(moving), settings.input_size)
            losses = loss(access.logits(images), targets[batch])
            (moving.grad,) = torch.autograd.grad(losses.sum(), moving)
            optimiser.param_groups[0]["lr"] = settings.learning_rate * ramp(step / settings.steps)
            optimiser.step()
            with torch.no_grad():
                moving.copy_(to_codes(region.clip(to_p(moving))))
            recorder.note(step, losses, moving.grad)
            bar.update(len(moving))
        parts.append(moving.detach())
        records.append(recorder.values)
    bar.close()
    return torch.cat(parts), Trace(*torch.cat(records, dim=2))


@torch.no_grad()
def evolve(
    ask: Ask,
    codes: Tensor,
    targets: Tensor,
    region: Region,
    settings: GeneticSettings,
    generators: Sequence[Generator],
    *,
    progress: bool = False,
) -> tuple[Tensor, Tensor, Trace]:
    """Breed populations, codes of shape (m, population, ...), until each holds a code of confidence `stop`.

    Returns the fittest code of each, of shape (m, ...), its fitness of shape (m,), and the trace. All unfinished
    classes ask together. A code without a finite answer is the least fit; a class that has no other ends with NaN.
    """
    p = region.clip(to_p(codes))
    fit = fitness(ask, to_codes(p), targets)  # (m, population)
    losses = torch.full((settings.generations, len(p)), float("nan"))
    for generation in tqdm(range(settings.generations), disable=not progress, desc="breeding", unit="generation"):
        active = (fit.amax(dim=1) < settings.stop).nonzero().squeeze(1)
        if not len(active):
            break
        greatest = fit[active].amax(dim=1)
        losses[generation, active.cpu()] = (1 - greatest).masked_fill(greatest < 0, torch.nan).cpu()
        random = [generators[row] for row in active.tolist()]
        children = breed(p[active], fit[active].clamp_min(0), region, settings, random)
        of_children = fitness(ask, to_codes(children), targets[active])
        elite = fit[active].argmax(dim=1)
        p[active] = torch.cat([p[active, elite][:, None], children], dim=1)
        fit[active] = torch.cat([fit[active, elite][:, None], of_children], dim=1)
    best = fit.argmax(dim=1)
    rows = torch.arange(len(p), device=p.device)
    fittest = fit[rows, best]
    return to_codes(p[rows, best]), fittest.masked_fill(fittest < 0, torch.nan), Trace.of_losses(losses)


def breed(
    p: Tensor, fitness: Tensor, region: Region, settings: GeneticSettings, generators: Sequence[Generator]
) -> Tensor:
    """Children of shape (m, population - 1, ...) of populations of shape (m, population, ...) and their fitness.

    ValueError unless fitness is a probability: of logarithms the better parent's share a / (a + b) is the smaller one.
    """
    if not ((fitness >= 0) & (fitness <= 1 + 1e-4)).all():
        raise ValueError(
            f"fitness must be confidences in [0, 1], got values from {float(fitness.min()):.3g} to "
            f"{float(fitness.max()):.3g} instead: with logarithms crossover would prefer the worse parent"
        )
    flat = p.flatten(2)  # (m, population, d)
    count, width = p.shape[1] - 1, flat.shape[2]
    draws = [_draw(count, width, generator) for generator in generators]
    parents, choice, chance, noise = (torch.stack(part).to(p) for part in zip(*draws, strict=True))
    fitness = fitness.double().clamp_min(torch.finfo(torch.float32).tiny)
    wheel = fitness.cumsum(dim=1)
    places = torch.searchsorted(wheel, parents * wheel[:, -1:]).clamp_max(count)  # (m, 2 * count)
    ours, theirs = flat.gather(1, places[:, :, None].expand(-1, -1, width)).chunk(2, dim=1)  # (m, count, d)
    first, second = fitness.gather(1, places).chunk(2, dim=1)
    children = torch.where(choice < (first / (first + second))[:, :, None], ours, theirs)
    std = settings.noise * region.std.flatten()
    children = torch.where(chance < settings.mutation, children + std * noise, children)
    return region.clip(children.view(len(p), count, *p.shape[2:]))


def _draw(count: int, width: int, generator: Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What one class needs for one generation: two parents of each child, whose numbers, which mutate, how far."""
    parents = torch.rand(2 * count, generator=generator)
    choice, chance = torch.rand(2, count, width, generator=generator)
    return parents, choice, chance, torch.randn(count, width, generator=generator)
