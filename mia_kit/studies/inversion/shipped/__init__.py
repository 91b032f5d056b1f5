"""Trained classifiers of drawn people that come with the course, so that a cell can attack them at once.

Seven targets that differ in the smoothing factor, the evaluator and the second judge of one seed of `smoothing_drawn`,
in half precision: `python data_scripts/ship_drawn.py` writes them again, `card.md` beside them says what they are. The
people do not exist, their photographs are drawn anew here, and their true latents are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from mia_kit import check
from mia_kit.access import WhiteBox
from mia_kit.attacks.crops import OPTIMISATION_CROP, cut
from mia_kit.attacks.losses import LOSSES, Loss
from mia_kit.attacks.ppa import Settings, score_pool
from mia_kit.attacks.prior_to_target import resize
from mia_kit.data.pictures import to_bytes, to_floats
from mia_kit.metrics import target_ranks
from mia_kit.metrics.leakage import centre_ranks
from mia_kit.models import DCGAN, Classifier, in_batches, load_dcgan, sample_latents
from mia_kit.models.weights import load_weights
from mia_kit.runs.recipe import read_yaml, typed
from mia_kit.seeds import stream
from mia_kit.studies.inversion.networks import untrained
from mia_kit.studies.inversion.people import ROLES, identities, photograph_latents
from mia_kit.studies.inversion.recipe import Network, Recipe
from mia_kit.training.seeds import turn_generator

FOLDER = Path(__file__).parent
RECIPE = FOLDER.parent / "recipes" / "smoothing_drawn.yaml"
SEED = 1
FACTORS = (-0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2)


@cache
def recipe() -> Recipe:
    """The recipe that the classifiers were trained by."""
    return cast(Recipe, typed(read_yaml(RECIPE), Recipe, where=str(RECIPE)))


def shipped_target(factor: float) -> Classifier:
    """The target with a smoothing factor, one of `FACTORS`, in evaluation mode. ValueError for another factor."""
    return _load(target_file(check.one_of("factor", float(factor), FACTORS)), recipe().target)


def target_file(factor: float) -> str:
    """The stem of a target's file."""
    return f"target_{factor:+.2f}"


def true_latents() -> Tensor:
    """The identity of each person: latents of shape (people, 100) of `mia_kit.models.load_dcgan`."""
    return identities(_people(), DCGAN.latent_size)


def photographs(people: Sequence[int], count: int, role: str = "target") -> Tensor:
    """The first photographs of these people that the target, the evaluator or the judge was given, drawn anew.

    Returns float32 images of shape (len(people) * count, 3, 32, 32) in [-1, 1], person by person. `role` may be "test"
    too: photographs that nobody was given. ValueError for another role, a number of nobody, or a count past theirs.
    """
    check.one_of("role", role, ROLES)
    world, numbers = recipe().world, check.counts("people", people, least=0)
    check.count("the greatest of people", max(numbers), 0, _people() - 1)
    count = check.count("count", count, 1, world.photographs.of(role))
    generator, latents = turn_generator(SEED, 0), true_latents()
    for name in ROLES[: ROLES.index(role) + 1]:  # all are drawn from one stream, role by role
        drawn = photograph_latents(latents, world.photographs.of(name), world.spread, generator)
    wanted = drawn.view(_people(), -1, DCGAN.latent_size)[list(numbers), :count].flatten(0, 1)
    size, prior = (world.size, world.size), load_dcgan()
    return to_floats(in_batches(lambda part: to_bytes(resize(prior.synthesise(part), size)), wanted))


def judged(images: Tensor, people: Sequence[int] | np.ndarray) -> dict[str, np.ndarray]:
    """What both judges say of images of shape (n, 3, h, w) in [-1, 1] that aim at `people`, arrays of shape (n,).

    rank : of the person among the evaluator's 200 classes; 1 is a hit
    identity_rank : of the person among all people's centres in the second judge's features
    """
    images, numbers = resize(images, (recipe().world.size,) * 2), np.asarray(people)
    evaluator, judge, centres = _judges()
    logits, embedded = in_batches(evaluator, images).numpy(), in_batches(judge.features, images).numpy()
    return {"rank": target_ranks(logits, numbers), "identity_rank": centre_ranks(embedded, numbers, centres)}


def walk(
    target: Classifier, people: Sequence[int], loss: Loss, *, rate: float = 0.03, steps: int = 50, pool: int = 1000
) -> Iterator[tuple[Tensor, Tensor]]:
    """A Plug & Play attack, step by step: yields codes of shape (n, 100) and the norms of their gradients, (n,).

    The best of `pool` latents for each person, then Adam on each. The first yield is the start, whose norms are NaN.
    The last codes are those of `mia_kit.attacks.run` with one candidate and the same numbers.
    """
    access, prior, numbers = WhiteBox(target), load_dcgan(), torch.as_tensor(list(people))
    settings = Settings(input_size=(recipe().world.size,) * 2, pool=pool, candidates=1, keep=1, steps=steps)
    latents = sample_latents(prior, pool, seed=SEED)
    scores = score_pool(access, prior, latents, settings)  # (pool, classes)
    codes = latents[scores[:, numbers].argmax(dim=0)].clone().requires_grad_()
    yield codes.detach().clone(), torch.full((len(codes),), torch.nan)
    boxes = OPTIMISATION_CROP.boxes(steps * len(codes), stream(SEED + 1)).view(steps, len(codes), 2, 3)
    optimiser = torch.optim.Adam([codes], lr=rate, betas=settings.betas)
    for step in range(steps):
        views = cut(prior.synthesise(codes), boxes[step], settings.input_size)
        (codes.grad,) = torch.autograd.grad(loss(access.logits(views), numbers).sum(), codes)
        optimiser.step()
        yield codes.detach().clone(), codes.grad.norm(dim=1)


def live_frames(
    factor: float, loss: str, people: Sequence[int], *, steps: int = 100, every: int = 4
) -> Iterator[tuple[int, int, np.ndarray, np.ndarray]]:
    """The attack on a shipped target for `mia_kit.widgets.faces_lab`: a frame after every so many steps.

    Yields the step, the number of steps, uint8 faces of shape (n, 64, 64, 3) and the evaluator's ranks of shape (n,).
    """
    prior = load_dcgan()
    for step, (codes, _) in enumerate(walk(shipped_target(factor), people, LOSSES[loss], steps=steps)):
        if step % every == 0:
            with torch.no_grad():
                images = prior.synthesise(codes)
            yield step, steps, to_bytes(images).permute(0, 2, 3, 1).numpy(), judged(images, people)["rank"]


def live_order(people: int = 40, *, steps: int = 50) -> Iterator[tuple[float, int, float]]:
    """The order of three factors under cross-entropy, attacked now: what `mia-kit run smoothing_drawn --quick` prints.

    Yields the factor, how many of the first `people` the evaluator recognises, and their median gradient norm.
    """
    prior = load_dcgan()
    for factor in (0.1, 0.0, -0.2):
        *_, (codes, norms) = walk(shipped_target(factor), range(people), LOSSES["cross_entropy"], steps=steps)
        with torch.no_grad():
            ranks = judged(prior.synthesise(codes), range(people))["rank"]
        yield factor, int((ranks == 1).sum()), norms.median().item()


def _people() -> int:
    return recipe().world.people or 0  # a number, as of all drawn people


def _load(stem: str, network: Network | None) -> Classifier:
    assert network is not None
    model = untrained(network, channels=3, classes=_people(), size=recipe().world.size, seed=SEED)
    return load_weights(lambda _: model, FOLDER / f"{stem}.safetensors", "install the course again")


@cache
def _judges() -> tuple[Classifier, Classifier, np.ndarray]:
    """The evaluator, the second judge, and all people's centres in its features."""
    evaluator, judge = _load("evaluator", recipe().evaluator), _load("judge", recipe().judge)
    return evaluator, judge, np.load(FOLDER / "centres.npy").astype(np.float32)
