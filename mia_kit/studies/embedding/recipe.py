"""What a recipe of this study may say."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from mia_kit.runs.recipe import Count, Seed, Settings, at_most, different
from mia_kit.studies.inversion.recipe import Network, World


class Maps(Settings, frozen=True, kw_only=True):
    """t-SNE, for the silhouettes and for the maps that are stored.

    people : of how many the maps of the first seed are stored
    """

    people: Annotated[int, msgspec.Meta(ge=2)] = 40
    perplexity: Annotated[float, msgspec.Meta(gt=0)] = 15.0
    iterations: Annotated[int, msgspec.Meta(ge=250)] = 500
    seed: Seed = 0


class Recipe(Settings, frozen=True, kw_only=True):
    """A recipe of the study.

    strengths : the smoothing factors, 0 for hard labels
    per_class : photographs of each person that a target trains on
    """

    study: Literal["embedding"]
    world: World
    seeds: Annotated[list[Seed], msgspec.Meta(min_length=1)]
    target: Network
    strengths: Annotated[tuple[Annotated[float, msgspec.Meta(le=1)], ...], msgspec.Meta(min_length=1)]
    per_class: Count
    maps: Maps = Maps()

    def __post_init__(self) -> None:
        different(seeds=self.seeds, strengths=self.strengths)
        at_most("per_class", self.per_class, "photographs.target", self.world.photographs.target)
