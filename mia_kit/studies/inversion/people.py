"""People and their photographs: drawn ones, who do not exist, and real ones.

Drawn people are latents of a generator of rendered faces (`mia_kit.models.load_dcgan`). With an identity z and a spread
s, a photograph is the generator's picture of sqrt(1 - s^2) z + s e, where e is standard normal: it lies where all
latents lie, and the truth about the person, z, is known. Nobody is harmed: every picture may be stored and shown. The
same people come back with every seed; their photographs are drawn anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Generator, Tensor

from mia_kit.attacks.prior_to_target import resize
from mia_kit.data import load
from mia_kit.data.aligned import FRAMES, load_aligned
from mia_kit.data.image_set import ImageSet
from mia_kit.data.pictures import to_bytes, to_floats
from mia_kit.data.splits import people_with
from mia_kit.models import load_dcgan
from mia_kit.models.batches import in_batches
from mia_kit.runs.parts import Made, Part
from mia_kit.runs.store import Values
from mia_kit.studies.inversion.recipe import World
from mia_kit.studies.inversion.signs import deal_signs
from mia_kit.training.seeds import turn_generator

# Seeds of the identities: those of the world, and the others for whom a placebo is trained.
IDENTITIES, STRANGERS = 20_240, 20_241
ROLES = ("target", "evaluator", "judge", "test")


@dataclass(frozen=True, eq=False)
class Photos:
    """Photographs: uint8 images of shape (n, channels, h, w), and whose they are, int64 labels of shape (n,)."""

    images: Tensor
    labels: Tensor

    @property
    def floats(self) -> Tensor:
        """The images in [-1, 1]."""
        return to_floats(self.images)

    def first(self, per_class: int) -> Photos:
        """The first `per_class` photographs of each person; they lie person by person."""
        counts = torch.bincount(self.labels)
        places = torch.cat([torch.arange(int(count)) for count in counts])
        mask = places < per_class
        return Photos(self.images[mask], self.labels[mask])


@dataclass(frozen=True, eq=False)
class People:
    """Photographs by role, each person by person; `judge` and `test` share the evaluator's where people are real.

    latents : Tensor of shape (people, d), the true latents of drawn people; None for real ones
    """

    target: Photos
    evaluator: Photos
    judge: Photos
    test: Photos
    latents: Tensor | None

    @property
    def count(self) -> int:
        """How many people there are."""
        return int(self.target.labels.max()) + 1

    @property
    def channels(self) -> int:
        """1 for grey photographs, 3 for colour."""
        return self.target.images.shape[1]


@dataclass(frozen=True)
class PeoplePart(Part[People]):
    """The people of a world with the photographs of a seed; `strangers` are others, for a placebo."""

    world: World
    seed: int
    strangers: bool = False
    version: ClassVar[int] = 1

    @property
    def kept(self) -> bool:  # type: ignore[override]
        """Drawn photographs take minutes; those of real people are never copied."""
        return self.world.name == "drawn"

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        """Draw the photographs, or read them."""
        if self.world.name == "drawn":
            return _drawn(self.world, self.seed, strangers=self.strangers)
        if self.world.name == "gtsrb":
            return deal_signs(load("gtsrb", size=self.world.size), self.world, self.seed, strangers=self.strangers)
        return _real(self.world, self.seed, strangers=self.strangers)

    def unpack(self, values: Values) -> People:
        """The photographs by role."""
        photos = {
            role: Photos(torch.as_tensor(values[f"{role}.images"]), torch.as_tensor(values[f"{role}.labels"]))
            for role in ROLES
            if f"{role}.images" in values
        }
        for role in ("judge", "test"):
            photos.setdefault(role, photos["evaluator"])
        return People(**photos, latents=values.get("latents"))


def identities(count: int, size: int, *, strangers: bool = False) -> Tensor:
    """The latents of drawn people, of shape (count, size): the same whatever the seed of their photographs."""
    return torch.randn(count, size, generator=Generator().manual_seed(STRANGERS if strangers else IDENTITIES))


def photograph_latents(latents: Tensor, count: int, spread: float, generator: Generator) -> Tensor:
    """Latents of `count` photographs of each identity, person by person: shape (people * count, d)."""
    noise = torch.randn(len(latents), count, latents.shape[1], generator=generator)
    moved = (1 - spread**2) ** 0.5 * latents[:, None] + spread * noise  # (people, count, d)
    return moved.flatten(0, 1)


def _drawn(world: World, seed: int, *, strangers: bool) -> Values:
    assert world.people is not None
    generator, prior = turn_generator(seed, int(strangers)), load_dcgan()
    latents = identities(world.people, prior.latent_size, strangers=strangers)
    values: Values = {"latents": latents}
    size = (world.size, world.size)
    for role in ROLES:
        count = getattr(world.photographs, role)
        if strangers and role in ("evaluator", "judge"):
            continue  # a placebo is trained and tested, and nobody judges its people
        drawn = photograph_latents(latents, count, world.spread, generator)
        values[f"{role}.images"] = in_batches(lambda part: to_bytes(resize(prior.synthesise(part), size)), drawn)
        values[f"{role}.labels"] = torch.arange(world.people).repeat_interleave(count)
    if strangers:
        values |= {f"evaluator.{name}": values[f"test.{name}"] for name in ("images", "labels")}
    return values


def _real(world: World, seed: int, *, strangers: bool) -> Values:
    faces = load_aligned(world.name, world.size) if world.name in FRAMES else load(world.name, size=world.size)
    photographs = world.photographs
    least = photographs.target + photographs.evaluator
    numbers = people_with(faces, least)[: world.people]
    if strangers:
        # Those with too few photographs to be attacked are enough to train a placebo: two of each are for its test.
        least = photographs.target + 2
        numbers = np.setdiff1d(people_with(faces, least), numbers)
    if len(numbers) < 2:
        raise ValueError(f"two people of {world.name} need {least} photographs, got {len(numbers)} such people instead")
    return _dealt(faces, numbers, photographs.target, seed)


def _dealt(faces: ImageSet, numbers: np.ndarray, pool: int, seed: int) -> Values:
    """Each person's photographs in random order: the first `pool` for the target, all others for the evaluator."""
    random = np.random.default_rng(seed)
    members = [random.permutation(np.flatnonzero(faces.labels == number)) for number in numbers]
    values: Values = {}
    for role, parts in (
        ("target", [rows[:pool] for rows in members]),
        ("evaluator", [rows[pool:] for rows in members]),
    ):
        images = torch.from_numpy(faces.images[np.concatenate(parts)])
        images = images.unsqueeze(1) if images.ndim == 3 else images.permute(0, 3, 1, 2).contiguous()
        values[f"{role}.images"] = images
        values[f"{role}.labels"] = torch.arange(len(numbers)).repeat_interleave(torch.tensor([len(p) for p in parts]))
    return values
