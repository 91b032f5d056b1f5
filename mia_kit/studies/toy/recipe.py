"""What a recipe of this study may say."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from mia_kit.runs.recipe import Count, Seed, Settings

Factor = Annotated[float, msgspec.Meta(le=1)]
Point = tuple[float, float]


class Recipe(Settings, frozen=True, kw_only=True):
    """A recipe of the study.

    starts : points of the plane at which an attack begins; the published figure shows the first
    """

    study: Literal["toy"]
    smoothings: Annotated[tuple[Factor, ...], msgspec.Meta(min_length=1)]
    seeds: Annotated[tuple[Seed, ...], msgspec.Meta(min_length=1)]
    steps: Count
    target_class: Annotated[int, msgspec.Meta(ge=0, le=2)]
    max_steps: Count
    stop_confidence: Annotated[float, msgspec.Meta(gt=0, lt=1)]
    starts: Annotated[tuple[Point, ...], msgspec.Meta(min_length=1)]
