"""What a recipe of this study may say. Each section is a type; `mia_kit.runs.recipe` checks it whole."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec

from mia_kit import check
from mia_kit.runs.recipe import Count, Rate, Seed, Settings, demand

# Both ends of a mechanism's strength; what it means: `mia_kit.defences.build`.
STRENGTHS: dict[str, tuple[float, float]] = {
    "weight_decay": (0, math.inf),
    "dropout": (0, 0.99),
    "crop_and_flip": (3, 3),
    "noise": (0, 10),
    "early_stopping": (0, 0.99),
    "smoothing": (-100, 1),
    "distillation": (1, 1000),
    "dp_sgd": (0, math.inf),
    "cutout": (0, 1),
    "mixup": (1e-3, math.inf),
    "disturbed_labels": (0, 1),
}
Confidence = Annotated[float, msgspec.Meta(gt=0, lt=1)]


class World(Settings, frozen=True, kw_only=True):
    """The pictures: `per_class` members of each of ten classes, and as many non-members, drawn with `seed`."""

    name: Literal["fashion_mnist", "cifar10", "cifar10_full", "mnist", "mnist5k"]
    per_class: Count
    seed: Seed = 1


class Network(Settings, frozen=True, kw_only=True):
    """A plain convolutional network, as in a VGG, and how it is trained: as `mia_kit.training.fit` does."""

    blocks: Literal[3, 4] = 3
    width: Count = 8
    hidden: Count = 64
    epochs: Count = 35
    batch_size: Annotated[int, msgspec.Meta(ge=2)] = 64
    learning_rate: Rate = 1e-3


class Mechanism(Settings, frozen=True, kw_only=True):
    """A regulariser at a strength. Of smoothing it is the factor, of early stopping the share that is not trained."""

    defence: str
    strength: float

    def __post_init__(self) -> None:
        check.one_of("defence", self.defence, STRENGTHS)
        check.in_range(f"the strength of {self.defence}", self.strength, *STRENGTHS[self.defence])


class Distance(Settings, frozen=True, kw_only=True):
    """Distance-to-confident (`mia_kit.membership.distance`) of so many members, and non-members, of each model."""

    images: Count
    steps: Count = 25
    longest_step: Rate = 1.0
    confidences: Annotated[tuple[Confidence, ...], msgspec.Meta(min_length=1)] = (0.99,)


class Attacker(Settings, frozen=True, kw_only=True):
    """What attacks are given: `known` members, and non-members, and `copies` of each picture, the plain one first."""

    distance: Distance
    known: Count = 100
    copies: Count = 6

    @property
    def distances(self) -> tuple[str, ...]:
        """How the attack by distance is called at each confidence: "distance" at the first, then "distance 0.9"."""
        further = self.distance.confidences[1:]
        return ("distance", *(f"distance {confidence:g}" for confidence in further))


class Recipe(Settings, frozen=True, kw_only=True):
    """A recipe of the study. Models without a mechanism are always among those measured.

    seeds : models of each mechanism. 2 and 3, 4 and 5, ... are twins, which share no picture: what one is trained on,
        the other is not. All models of a mechanism but a target and its twin are the target's shadow models.
    """

    study: Literal["membership"]
    world: World
    seeds: Annotated[list[Seed], msgspec.Meta(min_length=2)]
    network: Network
    attacker: Attacker
    mechanisms: tuple[Mechanism, ...] = ()
    pairs: tuple[tuple[Mechanism, Mechanism], ...] = ()

    def __post_init__(self) -> None:
        twins = all(self.seeds.count(seed) == 1 == self.seeds.count(seed ^ 1) for seed in self.seeds)
        demand(twins, f"seeds must differ and come with their twins, 2 with 3, got {self.seeds} instead")
        given, most = self.attacker.known + self.attacker.distance.images, 10 * self.world.per_class
        check.count("the members that the attacker knows and those of distance", given, most=most)
        names = [*self.mechanisms, *(" + ".join(part.defence for part in pair) for pair in self.pairs)]
        demand(len(set(names)) == len(names), "mechanisms and pairs must differ, got the same one twice")

    @property
    def models(self) -> list[tuple[Mechanism, ...]]:
        """What models are trained with: nothing, each mechanism, each pair."""
        return [(), *((mechanism,) for mechanism in self.mechanisms), *self.pairs]
