"""BREP-MI (Kahla et al., CVPR 2022): inversion from labels alone, by walking away from the decision boundary.

Images are drawn until one gets the label. Around its latent lies a sphere; labels of points on it tell where the class
ends, and the latent moves away from there until nearly the whole sphere lies inside. Then the sphere grows. The further
inside a class, the more typical of it.

Differences from the paper. Draws from the prior serve all classes, so that they are paid for once, and end after
`start_batches`: a label that the prior never gets would be waited for in vain. Such a class comes back as a blank image
with a NaN code and score, not selected (`Reconstructions.reached`). A step has the length min(r / 3, 3); one that
leaves the class is taken back, so that the result always has its label. The walk ends beyond `largest_radius` as well,
eight growths from 2, because a region can be without end. The result is the latent at which the last radius held.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import normalize
from tqdm.auto import tqdm

from mia_kit import check
from mia_kit.access import Access
from mia_kit.attacks.prior_to_target import Ask, asker, check_images, check_targets, synthesise
from mia_kit.attacks.reconstructions import Reconstructions, Trace, on_cpu
from mia_kit.models.priors import Prior
from mia_kit.seeds import stream
from mia_kit.signatures import checked
from mia_kit.training.seeds import generators_for

GROWTH, LARGEST_STEP = 1.3, 3.0


@dataclass(frozen=True)
class Settings:
    """The paper's numbers, but `start_batches`, `rounds` and `largest_radius`, which it does not have.

    Until a label is hit, `start_batch` images are drawn, at most `start_batches` times. A sphere of `points` grows when
    more than the share `inside` has the label; steps are at most `iterations` at one radius and `rounds` in all.
    `input_size`, (h, w), is what the target was trained on.
    """

    input_size: tuple[int, int] = (64, 64)
    start_batch: int = 256
    start_batches: int = 400
    points: int = 32
    radius: float = 2.0
    inside: float = 0.75
    iterations: int = 1000
    rounds: int = 9000
    largest_radius: float = 16.3
    batch_size: int = 256

    def __post_init__(self) -> None:
        check.size_field(self, "input_size")
        check.whole_fields(self, start_batch=1, start_batches=1, points=1, iterations=1, rounds=1, batch_size=1)
        check.in_range("radius", self.radius, 0, open_ends="low")
        check.in_range("largest_radius", self.largest_radius, self.radius)
        check.in_range("inside", self.inside, 0, 1, open_ends="high")


@checked
def run(
    access: Access,
    target_classes: Sequence[int],
    *,
    prior: Prior,
    seed: int,
    settings: Settings | None = None,
    progress: bool = True,
) -> Reconstructions:
    """Attack all `target_classes` at once with labels, whatever else `access` would give: one reconstruction of each.

    The walk is in the latents of `prior`. `seed` seeds the draws for all classes, and a stream for each, so that its
    result does not depend on the others; a class that the target does not have is one whose label is never hit. The
    scores are the radii that held, 0 if not even the first did.
    """
    settings = settings or Settings()
    before = access.queries
    target_classes = check_targets(target_classes, None)
    check_images(access, prior)
    ask_codes = asker(access.labels, access, prior, size=settings.input_size, batch_size=settings.batch_size)

    @torch.no_grad()
    def ask(latents: Tensor) -> Tensor:
        return ask_codes(prior.map(latents.to(access.device))).cpu()

    targets = torch.tensor(target_classes)
    starts, latents = first_hits(ask, prior.latent_size, targets, settings, seed=seed, progress=progress)
    hit = starts >= 0
    generators = generators_for(targets[hit].tolist(), seed=seed)
    scores = torch.full((len(targets),), float("nan"))
    latents[hit], scores[hit] = walk(ask, latents[hit], targets[hit], settings, generators, progress=progress)
    codes, images = _finish(prior, latents, hit, access)
    trace, queries = Trace.of_losses(torch.empty(0, len(targets))), access.queries - before
    return on_cpu(images, codes, targets, scores, trace=trace, queries=queries)


def first_hits(
    ask: Ask, latent_size: int, targets: Tensor, settings: Settings, *, seed: int, progress: bool = False
) -> tuple[Tensor, Tensor]:
    """The first draw that gets each label: its place, int64 of shape (m,), and its latent, of shape (m, latent_size).

    -1 and NaN for a label that is never hit. All classes look at the same draws.
    """
    generator = stream(seed)
    places = torch.full((len(targets),), -1)
    latents = torch.full((len(targets), latent_size), float("nan"))
    bar = tqdm(total=len(targets), disable=not progress, desc="looking for the labels", unit="class")
    for batch in range(settings.start_batches):
        drawn = torch.randn(settings.start_batch, latent_size, generator=generator)
        hits = ask(drawn)[None] == targets[:, None]  # (m, start_batch)
        new = (hits.any(dim=1) & (places < 0)).nonzero().squeeze(1)
        first = hits[new].int().argmax(dim=1)
        places[new], latents[new] = batch * settings.start_batch + first, drawn[first]
        bar.update(len(new))
        if (places >= 0).all():
            break
    bar.close()
    return places, latents


def walk(
    ask: Ask,
    starts: Tensor,
    targets: Tensor,
    settings: Settings,
    generators: Sequence[Generator],
    *,
    progress: bool = False,
) -> tuple[Tensor, Tensor]:
    """Move latents of shape (m, d) away from the boundary. Returns them, and the radii that held, of shape (m,).

    In each round all unfinished classes ask in one go: about the place that each has moved to, and points around it.
    """
    safe, place, kept = starts.clone(), starts.clone(), starts.clone()
    radii, held = torch.full((len(starts),), settings.radius), torch.zeros(len(starts))
    tries = torch.zeros(len(starts), dtype=torch.int64)
    bar = tqdm(total=len(starts), disable=not progress, desc="walking", unit="class")
    active = torch.arange(len(starts))
    for _ in range(settings.rounds):
        if not len(active):
            break
        drawn = [torch.randn(settings.points, starts.shape[1], generator=generators[row]) for row in active.tolist()]
        directions = normalize(torch.stack(drawn), dim=2)  # (m, points, d)
        arrived, inside = _look(ask, place[active], radii[active], directions, targets[active])
        safe[active] = torch.where(arrived[:, None], place[active], safe[active])
        grows = arrived & (inside.double().mean(dim=1) > settings.inside)
        steps = (radii[active] / 3).clamp_max(LARGEST_STEP)
        moves = steps[:, None] * away_from_boundary(directions, inside)
        place[active] = torch.where((arrived & ~grows)[:, None], safe[active] + moves, safe[active])
        held[active] = torch.where(grows, radii[active], held[active])
        kept[active] = torch.where((grows | (held[active] == 0))[:, None], safe[active], kept[active])
        radii[active] = torch.where(grows, radii[active] * GROWTH, radii[active])
        tries[active] = torch.where(grows, 0, tries[active] + 1)
        going = (tries[active] < settings.iterations) & (radii[active] <= settings.largest_radius)
        bar.update(int((~going).sum()))
        active = active[going]
    bar.close()
    return kept, held


def away_from_boundary(directions: Tensor, inside: Tensor) -> Tensor:
    """Mean of the directions (m, points, d) inside minus mean of those outside, of length 1: shape (m, d).

    Without any of one kind, the other decides alone.
    """
    weights = inside.to(directions) / inside.sum(dim=1, keepdim=True).clamp_min(1)
    weights = weights - (~inside).to(directions) / (~inside).sum(dim=1, keepdim=True).clamp_min(1)
    return normalize((weights[:, :, None] * directions).sum(dim=1), dim=1)


def _look(ask: Ask, place: Tensor, radii: Tensor, directions: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Whether places of shape (m, d), and the points of the spheres around them, have the label: (m,), (m, points)."""
    points = place[:, None] + radii[:, None, None] * directions  # (m, points, d)
    asked = torch.cat([place[:, None], points], dim=1)
    inside = ask(asked.flatten(0, 1)).view(len(place), -1) == targets[:, None]
    return inside[:, 0], inside[:, 1:]


@torch.no_grad()
def _finish(prior: Prior, latents: Tensor, hit: Tensor, access: Access) -> tuple[Tensor, Tensor]:
    """Codes and images on the CPU; NaN and mid-grey where the label was never hit."""
    images = torch.zeros(len(latents), *prior.image_size)
    codes = torch.full_like(prior.map(torch.zeros_like(latents).to(access.device)), float("nan")).cpu()
    for row in hit.nonzero().squeeze(1).split(100):
        code = prior.map(latents[row].to(access.device))
        codes[row], images[row] = code.cpu(), synthesise(prior, code).cpu()
    return codes, images
