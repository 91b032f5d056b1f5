"""What a recipe of this study may say."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from mia_kit.runs.recipe import Count, Seed, Settings
from mia_kit.studies.inversion.recipe import PriorName


class Recipe(Settings, frozen=True, kw_only=True):
    """A recipe of the study.

    images : photographs, and as many pictures of each prior
    neighbours : k of precision and recall, density and coverage
    """

    study: Literal["priors"]
    priors: Annotated[list[PriorName], msgspec.Meta(min_length=1)]
    seeds: Annotated[list[Seed], msgspec.Meta(min_length=1)]
    images: Annotated[int, msgspec.Meta(ge=10)]
    neighbours: Count
