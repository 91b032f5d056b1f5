"""C2F: confidences say what a class looks like to another network, and evolution closes the gap.

Ye et al., "C2FMI: Coarse-to-Fine Black-box Model Inversion Attack" (IEEE TDSC 2023). The attacker has a network that
tells strangers apart. On public images they learn a map from the target's confidences to the features of that network:
of full confidence in one class it gives the features of the class. *Coarse*: latents whose images have these features
are found by gradients through the attacker's network, which costs no query. *Fine*: differential evolution moves these
latents, judged by the target's confidence in the class.

    c2f.run(ConfidenceAPI(model), [0, 1], prior=load_dcgan(), embedder=network, seed=0)

Built from a public version's code and description; the paper was not to be had. Numbers of the evolution are that
version's. Differences: the map is ridge regression on confidences of length 1, where theirs is a small network; public
images are drawn from the prior; and the steps of the evolution do not shrink in its last generations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import mse_loss, normalize
from tqdm.auto import tqdm

from mia_kit import check
from mia_kit.access import ConfidenceAPI, WhiteBox
from mia_kit.attacks.descent import descend
from mia_kit.attacks.prior_to_target import Ask, as_seen, asker, check_targets, count_classes, fitness, synthesise
from mia_kit.attacks.reconstructions import Reconstructions, Trace, on_cpu
from mia_kit.models import Classifier
from mia_kit.models.priors import Prior, sample_latents
from mia_kit.seeds import stream
from mia_kit.signatures import checked

PULL, SPREAD, PAIRS = 0.02, 0.1, 4  # towards the best of the class; of each difference; differences in a child


@dataclass(frozen=True)
class Settings:
    """samples : public images that the map is learnt from; ridge : its penalty, for each of them

    population : latents of each class; steps, learning_rate : of Adam in the coarse search; generations : of the fine
    """

    input_size: tuple[int, int] = (64, 64)
    samples: int = 5000
    ridge: float = 1e-3
    population: int = 32
    steps: int = 50
    learning_rate: float = 0.02
    generations: int = 500
    batch_size: int = 100

    def __post_init__(self) -> None:
        check.size_field(self, "input_size")
        check.whole_fields(self, samples=2, population=2, steps=0, generations=0, batch_size=1)
        check.in_range("ridge", self.ridge, 0, open_ends="low")
        check.in_range("learning_rate", self.learning_rate, 0, open_ends="low")


@checked
def run(
    access: ConfidenceAPI | WhiteBox,
    target_classes: Sequence[int],
    *,
    prior: Prior,
    embedder: Classifier,
    seed: int,
    settings: Settings | None = None,
    progress: bool = True,
) -> Reconstructions:
    """Attack all `target_classes`, different ones in [0, classes), at once with the target's confidences alone.

    embedder : the attacker's classifier of other people, which takes images as the target does
    seed : of the public images, of the latents, and of the evolution

    Scores are confidences; the trace has the mean of a class's coarse losses, and no gradients. ValueError if a class
    does not exist or comes twice.
    """
    settings, before = settings or Settings(), access.queries
    size, batch_size = settings.input_size, settings.batch_size
    targets = check_targets(target_classes, count_classes(access.confidences, access, prior, size))
    network = WhiteBox(embedder)
    ask = asker(access.confidences, access, prior, size=size, batch_size=batch_size)
    embed = asker(network.features, network, prior, size=size, batch_size=batch_size)
    public = prior.map(sample_latents(prior, settings.samples, seed=seed).to(access.device))
    wishes = class_features(ask(public), embed(public), settings.ridge)[targets]  # (n, d)

    first = sample_latents(prior, len(targets) * settings.population, seed=seed + 1).to(access.device)
    codes, losses = approach(network, prior, prior.map(first), wishes, settings, progress=progress)
    populations = codes.view(len(targets), settings.population, *codes.shape[1:])
    aims = torch.tensor(targets, device=access.device)
    codes, scores = evolve(ask, populations, aims, settings.generations, stream(seed + 2), progress=progress)
    trace = Trace.of_losses(losses.view(settings.steps, len(targets), settings.population).mean(dim=2))
    images, queries = synthesise(prior, codes, batch_size=batch_size), access.queries - before
    return on_cpu(images, codes, aims, scores, trace=trace, queries=queries)


def class_features(confidences: Tensor, features: Tensor, ridge: float) -> Tensor:
    """What each class looks like to the embedder: shape (classes, d).

    confidences : of the target in public images, shape (n, classes); features : of the same images, shape (n, d)
    ridge : penalty on squared weights for each image; without any the fit is that of least squares

    The fit is linear in confidences scaled to length 1, with an intercept. Full confidence in a class has length 1.
    Images without a finite answer are left out; if no answer is finite, no feature is.
    """
    answered = confidences.isfinite().all(dim=1)
    if not answered.any():
        return torch.full_like(features[:1], torch.nan).expand(confidences.shape[1], -1)
    seen, wanted = normalize(confidences[answered].double(), dim=1), features[answered].double()
    middle, centre, sure = seen.mean(dim=0), wanted.mean(dim=0), torch.eye(seen.shape[1]).to(seen)
    inner = (seen - middle).T @ (seen - middle) + ridge * len(seen) * sure
    weights = torch.linalg.solve(inner, (seen - middle).T @ (wanted - centre))  # (classes, d)
    return ((sure - middle) @ weights + centre).to(features.dtype)


def approach(
    network: WhiteBox, prior: Prior, codes: Tensor, wishes: Tensor, settings: Settings, *, progress: bool
) -> tuple[Tensor, Tensor]:
    """The coarse search, of codes of shape (n * population, ...): where they end, and losses of shape (steps, same)."""
    wishes = wishes.repeat_interleave(settings.population, dim=0)
    parts, records = [], []
    with tqdm(total=len(codes) * settings.steps, disable=not progress, desc="approaching", unit="image") as bar:
        for batch in torch.arange(len(codes)).split(settings.batch_size):
            moving = codes[batch].clone().requires_grad_()

            def losses(_: int, moving: Tensor = moving, wanted: Tensor = wishes[batch]) -> Tensor:
                seen = as_seen(network, prior.synthesise(moving), settings.input_size)
                return mse_loss(network.features(seen), wanted, reduction="none").mean(dim=1)

            optimiser = torch.optim.Adam([moving], lr=settings.learning_rate)
            records.append(descend([moving], losses, optimiser, settings.steps, bar=bar)[0])
            parts.append(moving.detach())
    return torch.cat(parts), torch.cat(records, dim=1)


@torch.no_grad()
def evolve(
    ask: Ask, populations: Tensor, targets: Tensor, generations: int, generator: Generator, *, progress: bool = False
) -> tuple[Tensor, Tensor]:
    """The fine search: the fittest code of each class, of shape (n, ...), and its confidence, of shape (n,).

    populations : codes of shape (n, population, ...); a child takes its parent's place where `ask` is surer of it
    """
    shape, flat = populations.shape, populations.flatten(2).clone()  # (n, population, d)
    rows = torch.arange(len(flat), device=flat.device)
    fit = fitness(ask, populations, targets)
    for _ in tqdm(range(generations), disable=not progress, desc="evolving", unit="generation"):
        moved = children(flat, flat[rows, fit.argmax(dim=1)], generator)
        of_children = fitness(ask, moved.view(shape), targets)
        better = of_children > fit
        flat, fit = torch.where(better[:, :, None], moved, flat), torch.where(better, of_children, fit)
    best = fit.argmax(dim=1)
    scores = fit[rows, best]
    return flat[rows, best].view(len(flat), *shape[2:]), scores.masked_fill(scores < 0, torch.nan)


def children(parents: Tensor, best: Tensor, generator: Generator) -> Tensor:
    """A child of each parent (n, population, d), near it, a little towards its class's best, of shape (n, d).

    Four differences of two parents each are added, and each number of the child is the parent's with probability 1/2.
    """
    classes, population, _ = parents.shape
    pairs = torch.randint(population, (2, PAIRS, classes, population), generator=generator).to(parents.device)
    index = torch.arange(classes, device=parents.device)[:, None]
    moves = sum(parents[index, left] - parents[index, right] for left, right in zip(*pairs, strict=True))
    moved = parents + PULL * (best[:, None] - parents) + SPREAD * moves
    kept = torch.rand(parents.shape, generator=generator).to(parents) < 0.5
    return torch.where(kept, parents, moved)
