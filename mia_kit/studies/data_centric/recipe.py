"""What a recipe of this study may say: who protects themselves and how, their rivals, and the attackers."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from mia_kit.runs.recipe import Count, Seed, Settings, Share, demand, different
from mia_kit.studies.inversion.recipe import Attack, Network, Search, Tools, World

Step = Literal["injection", "loss", "curvature"]
ALL_STEPS: tuple[Step, ...] = ("injection", "loss", "curvature")


class Contributors(Settings, frozen=True, kw_only=True):
    """Who protects themselves, and how far they go: see `mia_kit.defences.DataCentric`.

    people : how many protect themselves in one training set
    groups : so many such groups, each with targets of its own
    steps : the choices of steps that are measured
    """

    people: Count
    groups: Count = 1
    steps: Annotated[tuple[tuple[Step, ...], ...], msgspec.Meta(min_length=1)] = (ALL_STEPS,)
    mislabelled: Share = 0.2
    copies_mislabelled: Share = 1.0

    def __post_init__(self) -> None:
        good = all(steps and len(set(steps)) == len(steps) for steps in self.steps)
        demand(good, f"each of steps must hold different steps, one at least, got {self.steps} instead")


class Rival(Settings, frozen=True, kw_only=True):
    """A defence of the trainer's, with its strength and its own length of training."""

    defence: Literal["mid", "dp_sgd"]
    strength: Annotated[float, msgspec.Meta(ge=0, le=100)]
    epochs: Count | None = None


class Recipe(Settings, frozen=True, kw_only=True):
    """A recipe of the study.

    attacks : the first attacks every target; the others spare those with a part of the steps
    search : its people are those who serve to choose a rate, and then all who protect themselves
    """

    study: Literal["data_centric"]
    world: World
    seeds: Annotated[list[Seed], msgspec.Meta(min_length=1)]
    target: Network
    evaluator: Network
    contributors: Contributors
    attacks: Annotated[list[Attack], msgspec.Meta(min_length=1)]
    search: Search
    judge: Network | None = None
    rivals: tuple[Rival, ...] = ()
    tools: Tools = Tools()

    def __post_init__(self) -> None:
        different(seeds=self.seeds)
        judged = self.world.judged_by_second == (self.judge is not None)
        demand(judged, "a second judge is trained for drawn people and signs, and for nobody else")
        people = self.world.people or 0
        demand(people > 0, "world.people must be a number: who protects themselves is chosen among them")
        single = all(len(attack.losses) <= 1 for attack in self.attacks)
        demand(single, "each of attacks must have one loss at most")
        needed = self.search.tuning.people + self.contributors.people * self.contributors.groups
        words = f"those who tune and all who protect themselves, {needed}, and at most world.people, {people}"
        fits = self.search.people == needed <= people
        demand(fits, f"search.people must be {words}, got {self.search.people} instead")
