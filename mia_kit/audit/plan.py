"""What fits into the minutes that are given: each step's cost from single calls timed here, the least important last.

The attacks shrink together until what matters most fits; what does not fit beside it is left out, and said so. The plan
is kept, so that a run that was killed goes on with the same one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from mia_kit.audit.config import Config, Inversion

WHOLE = {"population": (20, 8), "generations": (20, 5), "rounds": (16, 5), "judge_epochs": (40, 15)}  # and the least
SCALES = (1.0, 0.6, 0.35, 0.2, 0.1)
PLANNED, FIRST = 0.75, 0.6  # of the budget is planned, as steps may take longer than timed; of that for the first steps
MATTERS = ("membership", "judge", "white")
TUNED_ON, VIEWS = 3, 8  # classes on which a rate is chosen, and views that score a reconstruction
SPHERE = 13  # labels asked about in one look around a class
FEW = 8  # pictures of a call that is timed
JUDGED = ("white", "confidences", "labels", "oracle", "placebo")


@dataclass(frozen=True)
class Sizes:
    """How large the attacks are."""

    classes: int
    pool: int
    steps: int
    population: int
    generations: int
    rounds: int
    judge_epochs: int


@dataclass(frozen=True)
class Costs:
    """Seconds for one picture: asked about, to train the judge or a reference, drawn and asked, with a gradient.

    A classifier without gradients has 0 for these.
    """

    ask: float
    judge: float
    reference: float
    drawn: float = 0.0
    gradient: float = 0.0


@dataclass(frozen=True)
class Plan:
    """The sizes, the seconds of each step that is done, and a sentence for each that is left out.

    later : the seconds of steps that were left out for time alone; they are taken if the others were quicker than timed
    """

    sizes: Sizes
    seconds: dict[str, float]
    left_out: dict[str, str]
    later: dict[str, float] = field(default_factory=dict)


def timed(call: Callable[[], object]) -> float:
    """Seconds a picture of the second of two calls with `FEW`: the first one pays for what is set up."""
    call()
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) / FEW


def sizes(inversion: Inversion, scale: float, shared: int) -> Sizes:
    """The configuration's times a scale, none below what still makes an attack."""
    whole = {"classes": (inversion.classes, 6), "pool": (inversion.pool, 150), "steps": (inversion.steps, 25), **WHOLE}
    at = {name: max(min(number, least), round(number * scale)) for name, (number, least) in whole.items()}
    return Sizes(**at | {"classes": min(shared, at["classes"])})


def step_seconds(config: Config, costs: Costs, at: Sizes, *, compared: int, unseen: int) -> dict[str, float]:
    """Seconds of each step that is asked for, the most important first."""
    inversion, train, judge = config.inversion, config.train, unseen * at.judge_epochs * costs.judge
    access = inversion.access if inversion else ()
    rates, losses = (len(inversion.rates), len(inversion.losses)) if inversion else (1, 1)
    tries = at.classes + (TUNED_ON * rates if rates > 1 else 0)
    white = 2 * at.pool * costs.drawn + tries * (at.steps * costs.gradient + VIEWS * costs.ask)
    bred = (at.pool + at.classes * at.population * at.generations) * costs.drawn
    seconds = {"membership": compared * (1 + config.membership.copies) * costs.ask}
    if inversion:
        seconds["judge"] = judge
    if "white" in access and costs.gradient:
        seconds["white"] = losses * white
    if train:
        seconds["references"] = train.shadows * compared * (train.epochs / 2 + 1) * costs.reference
    if "confidences" in access:
        seconds["confidences"] = bred
    if "white" in access:
        climbed = tries * at.steps * (costs.judge + 2 * costs.drawn - costs.ask)
        seconds["oracle"] = judge + at.pool * costs.drawn + climbed
    if "labels" in access:
        seconds["labels"] = (at.pool + at.classes * SPHERE * at.rounds) * costs.drawn
    if config.serving:
        seconds["serving"] = len(config.serving) * (compared * costs.ask + bred * ("confidences" in access))
    if train and train.placebo and "white" in seconds:
        seconds["placebo"] = compared / 2 * train.epochs * costs.reference + white
    return seconds


def make(config: Config, costs: Costs, *, shared: int, compared: int, unseen: int) -> Plan:
    """The plan for the configuration's budget; without one all is done at full size."""
    limit = float("inf") if config.budget is None else config.budget * 60 * PLANNED
    for scale in SCALES:
        at = sizes(config.inversion or Inversion(), scale, shared)
        seconds = step_seconds(config, costs, at, compared=compared, unseen=unseen)
        if sum(seconds.get(name, 0) for name in MATTERS) <= FIRST * limit:
            break
    done, later, left_out = dict[str, float](), dict[str, float](), dict[str, str]()
    for name, took in seconds.items():
        if name in JUDGED and "judge" not in done:
            left_out[name] = "there is no judge"
        elif name == "membership" or sum(done.values()) + took <= limit:
            done[name] = round(took, 1)
        else:
            later[name] = round(took, 1)
            left_out[name] = f"it would take about {took / 60:.1f} of {config.budget:g} minutes"
    if config.inversion and "white" in config.inversion.access and not costs.gradient:
        left_out["white"] = "the classifier gives no gradients"
    return Plan(at, done, left_out, later)


def fits_later(took: float, *, spent: float, planned: float, elapsed: float, limit: float) -> bool:
    """Whether a step that was left out fits after all, by what the steps before it took of their planned seconds.

    Single calls of few pictures are timed, and large calls cost less a picture. Half of the timed seconds are believed
    at the least: a run that goes on finds its first steps made.
    """
    pace = max(spent / planned, 0.5) if planned else 1.0
    return elapsed + took * pace <= PLANNED * limit
