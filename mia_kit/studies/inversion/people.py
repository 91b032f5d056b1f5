"""People and their photographs: drawn ones, who do not exist, and real ones.

Drawn people are latents of a generator of rendered faces (`mia_kit.models.load_dcgan`). With an identity z and a spread
s, a photograph is the generator's picture of sqrt(1 - s^2) z + s e, where e is standard normal: it lies where all
latents lie, and the truth about the person, z, is known. Nobody is harmed: every picture may be stored and shown. The
same people come back with every seed; their photographs are drawn anew.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Generator, Tensor

from mia_kit.attacks.prior_to_target import resize
from mia_kit.data import load
from mia_kit.data.aligned import FRAMES, load_aligned
from mia_kit.data.decoding import fingerprint
from mia_kit.data.folders import cache_folder
from mia_kit.data.image_set import ImageSet
from mia_kit.data.inventory import CELEBA_HD, FACESCRUB
from mia_kit.data.pictures import to_bytes, to_floats
from mia_kit.data.splits import people_with
from mia_kit.models import in_batches, load_dcgan
from mia_kit.runs.parts import Made, Part, Values
from mia_kit.studies.inversion.recipe import Photographs, World
from mia_kit.studies.inversion.signs import deal_signs
from mia_kit.training.seeds import turn_generator

# Seeds of the identities: those of the world, and the others for whom a placebo is trained.
IDENTITIES, STRANGERS = 20_240, 20_241
IN_MEMORY = 2 * 2**30  # bytes of photographs of one role; more lie on the disk
ROLES = ("target", "evaluator", "judge", "test")


@dataclass(frozen=True, eq=False)
class Photos:
    """Photographs: images of shape (n, channels, h, w), and whose they are, int64 labels of shape (n,).

    Images are uint8; those with noise that 8 bits would round away are floats in [-1, 1].
    """

    images: Tensor
    labels: Tensor

    @property
    def floats(self) -> Tensor:
        """The images in [-1, 1]."""
        return self.images if self.images.is_floating_point() else to_floats(self.images)

    @property
    def size(self) -> int:
        """Height and width in pixels."""
        return self.images.shape[-1]

    def first(self, per_class: int) -> Photos:
        """The first `per_class` photographs of each person; they lie person by person."""
        mask = torch.cat([torch.arange(int(count)) for count in torch.bincount(self.labels)]) < per_class
        if mask.all():
            return self  # what lies on the disk stays there
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
    """The people of a world with the photographs of a seed; `strangers` are others, for a placebo.

    content : what the photographs of a set that grows are known by; see `people_of`
    """

    world: World
    seed: int
    strangers: bool = False
    content: str = ""

    @property
    def kept(self) -> bool:  # type: ignore[override]
        """Drawn photographs take minutes; those of real people are never copied."""
        return self.world.name == "drawn"

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        if self.world.name == "drawn":
            return _drawn(self.world, self.seed, strangers=self.strangers)
        if self.world.signs:
            signs = load(self.world.name, size=self.world.size)
            sides = deal_signs(signs, self.world, self.seed, strangers=self.strangers)
            roles = {role: _picked(*side) for role, side in sides.items()}
            if self.strangers:
                roles["evaluator"] = roles["test"]
        else:
            roles = _dealt(*_crowd(self.world, strangers=self.strangers), self.world.photographs, self.seed)
        return {f"{role}.{name}": part for role, photos in roles.items() for name, part in vars(photos).items()}

    def unpack(self, values: Values) -> People:
        present = [role for role in ROLES if f"{role}.images" in values]
        photos = {role: Photos(values[f"{role}.images"], values[f"{role}.labels"]) for role in present}
        target, evaluator, judge, test = (photos.get(role, photos["evaluator"]) for role in ROLES)
        return People(target, evaluator, judge, test, values.get("latents"))


def people_of(world: World, seed: int, *, strangers: bool = False) -> PeoplePart:
    """The people of a recipe. Of a set that is fetched photo by photo, whoever is here: others are another part."""
    content, growing = "", {"facescrub": FACESCRUB, "celeba_hd": CELEBA_HD}
    if world.name in growing and (root := growing[world.name].find()) is not None:
        content = fingerprint(sorted(path for path in root.rglob("*") if path.is_file()))
    return PeoplePart(world, seed, strangers, content)


def count_photographs(world: World) -> tuple[int, dict[str, int]]:
    """How many people there are, and photographs of each role. ValueError or DataError as for the photographs."""
    photographs = world.photographs
    if world.name == "drawn":
        assert world.people is not None
        return world.people, {role: world.people * photographs.of(role) for role in ROLES}
    faces, numbers = _crowd(world, strangers=False)
    each = [int((faces.labels == number).sum()) for number in numbers]
    target = sum(_share(photographs, count) for count in each)
    rest = sum(each) - target
    return len(numbers), {"target": target, "evaluator": target if photographs.shared else rest, "test": rest}


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
        count = world.photographs.of(role)
        if strangers and role in ("evaluator", "judge"):
            continue  # a placebo is trained and tested, and nobody judges its people
        drawn = photograph_latents(latents, count, world.spread, generator)
        values[f"{role}.images"] = in_batches(lambda part: to_bytes(resize(prior.synthesise(part), size)), drawn)
        values[f"{role}.labels"] = torch.arange(world.people).repeat_interleave(count)
    if strangers:
        values |= {f"evaluator.{name}": values[f"test.{name}"] for name in ("images", "labels")}
    return values


def _crowd(world: World, *, strangers: bool) -> tuple[ImageSet, np.ndarray]:
    """A set of faces, and the numbers of the people in it who have photographs enough."""
    faces = load_aligned(world.name, world.size) if world.name in FRAMES else load(world.name, size=world.size)
    photographs = world.photographs
    least = photographs.least or photographs.target + photographs.evaluator
    numbers = people_with(faces, least)[: world.people]
    if strangers:
        # Those with too few photographs to be attacked are enough to train a placebo: two of each are for its test.
        least = photographs.target + 2
        numbers = np.setdiff1d(people_with(faces, least), numbers)
    if len(numbers) < 2:
        raise ValueError(f"two people of {world.name} need {least} photographs, got {len(numbers)} such people instead")
    return faces, numbers


def _share(photographs: Photographs, count: int) -> int:
    """How many of somebody's photographs are the target's; with fewer than a recipe wants, the same share of them."""
    wanted = photographs.target + photographs.evaluator
    if not photographs.least or count >= wanted:
        return photographs.target
    return min(max(1, count * photographs.target // wanted), count - 1)


def _dealt(faces: ImageSet, numbers: np.ndarray, photographs: Photographs, seed: int) -> dict[str, Photos]:
    """Each person's photographs in random order: the first few for the target, all others for the evaluator.

    Where both share the first, as in the papers, the others are for tests and second judges.
    """
    random = np.random.default_rng(seed)
    members = [random.permutation(np.flatnonzero(faces.labels == number)) for number in numbers]
    sides = zip(*(np.split(rows, [_share(photographs, len(rows))]) for rows in members), strict=True)
    first, others = (_picked(faces, side) for side in sides)
    if photographs.shared:
        return {"target": first, "evaluator": first, "judge": others, "test": others}
    return {"target": first, "evaluator": others}


def _picked(faces: ImageSet, members: Sequence[np.ndarray]) -> Photos:
    """These photographs, person by person. Those that would fill the memory lie in a file that is read when needed."""
    rows = np.concatenate(members)
    labels = torch.arange(len(members)).repeat_interleave(torch.tensor([len(part) for part in members]))
    if in_memory := len(rows) * faces.images[0].size <= IN_MEMORY:
        images = torch.from_numpy(faces.images[rows])
    else:
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            mapped = np.memmap(file, np.uint8, "w+", shape=(len(rows), *faces.images.shape[1:]))
            for place, row in enumerate(rows):
                mapped[place] = faces.images[row]
        images = torch.from_numpy(mapped)
    images = images.unsqueeze(1) if images.ndim == 3 else images.permute(0, 3, 1, 2)  # (n, channels, h, w)
    return Photos(images.contiguous() if in_memory else images, labels)
