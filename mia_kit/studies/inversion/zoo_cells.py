"""The cells of the attack zoo: what each attack is made of, and what the judges say of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import torch

from mia_kit.data.pictures import to_floats
from mia_kit.runs.cells import Cell, Columns, Rows
from mia_kit.runs.parts import Made, Values
from mia_kit.studies.inversion.columns import BY_PERSON, about, with_start
from mia_kit.studies.inversion.gans import Gan, LabelSurrogate, Public, Surrogate
from mia_kit.studies.inversion.judges import JudgesPart, judge_set
from mia_kit.studies.inversion.networks import Trained, strangers_target
from mia_kit.studies.inversion.priors import prior_digest
from mia_kit.studies.inversion.recipe import Attack, Method, Recipe, Search, Tools
from mia_kit.studies.inversion.zoo import ZooAttack, judge_handed_in

# The attacks that have a GAN, and whose.
GANS: dict[Method, Literal["gmi", "ked_mi", "plg_mi"]] = {
    "gmi": "gmi",
    "lomma_gmi": "gmi",
    "ked_mi": "ked_mi",
    "lomma_ked_mi": "ked_mi",
    "plg_mi": "plg_mi",
}
PRIOR_SIZE = 64  # of the pictures that DCGAN and the style-based prior draw
# What each attack minimises, and how.
LOSSES: dict[Method, tuple[str, str]] = {
    "gmi": ("cross_entropy", "sgd"),
    "ked_mi": ("cross_entropy", "adam"),
    "lomma_gmi": ("logit", "sgd"),
    "lomma_ked_mi": ("logit", "adam"),
    "plg_mi": ("margin", "adam"),
    "mirror": ("cross_entropy", "adam"),
    "mirror_black_box": ("lack_of_confidence", ""),
    "brep_mi": ("", ""),
    "fredrikson": ("cross_entropy", "sgd"),
    "if_gmi": ("poincare", "adam"),
    "lokt": ("poincare", "adam"),
    "vmi": ("cross_entropy", "adam"),
    "c2f": ("features", "adam"),
    "ppdg_mi": ("poincare", "adam"),
}
SURROGATES = {"lomma_gmi": Surrogate, "lomma_ked_mi": Surrogate, "lokt": LabelSurrogate}


@dataclass(frozen=True)
class ZooCell(Cell):
    """What the judges say of an attack of the zoo and of its start, whose rows have "start" behind the method's name.

    queries : images of each person's that the target was asked about, GAN and surrogate included
    reached : share of people for whom anything was handed in
    """

    attack: ZooAttack
    judges: JudgesPart
    seed: int

    def columns(self) -> Columns:
        """The target's and the attack's; the loss and the optimiser are the paper's."""
        loss, optimiser = LOSSES[self.attack.method]
        prior = "pixels" if self.attack.method == "fredrikson" else self.attack.search.prior
        return about(self.attack.model) | {
            "seed": self.seed,
            "attack": f"{self.attack.method} placebo" if self.attack.placebo else self.attack.method,
            "loss": loss,
            "optimiser": optimiser,
            "prior": "gan" if self.attack.gan else prior,
            "temperature": np.nan,
        }

    def unpack(self, values: Values) -> pd.DataFrame:
        return with_start(super().unpack(values), f"{self.columns()['attack']} start")

    def fill(self, rows: Rows, made: Made) -> None:
        result, judges = made(self.attack), made(self.judges)
        last = self.attack.search.steps
        ends = ((0, result.starts, result.started), (last, result.pictures, result.reached))
        for steps, pictures, reached in ends:
            said = judge_handed_in(judges, pictures, reached, result.people)
            for measure, values in said.items():
                rows.add(f"mean_{measure}", np.mean(values), steps=steps)
                if measure in BY_PERSON:
                    rows.add(measure, values, units=result.people, steps=steps)
        reached = result.people[result.reached]
        pictures = to_floats(result.pictures[torch.from_numpy(result.reached)])
        for measure, value in judge_set(judges, lambda places: pictures[torch.from_numpy(places)], reached).items():
            rows.add(measure, value, steps=last)
        for measure, course in (("norm", result.norms), ("cosine", result.cosines)):
            if np.isfinite(course[-5:]).any():
                rows.add(measure, np.nanmedian(course[-5:]), steps=last)
        rows.add("queries", result.queries)
        rows.add("reached", result.reached.mean())
        if np.isfinite(result.rate):
            rows.add("rate", result.rate)
        for rate, hits in zip(self.attack.rates, result.tried, strict=True):
            rows.add(f"tried_{rate:g}", hits)


def zoo_cell(recipe: Recipe, attack: Attack, model: Trained, judges: JudgesPart, *, placebo: bool = False) -> ZooCell:
    """The cell of an attack of the zoo."""
    strangers = strangers_target(judges.people, recipe.target, recipe.placebo_per_class)
    part = zoo_attack(recipe.search, recipe.tools, attack, model, judges, strangers, placebo=placebo)
    return ZooCell(part, judges, part.seed)


def zoo_attack(
    search: Search,
    tools: Tools,
    attack: Attack,
    model: Trained,
    judges: JudgesPart,
    strangers: Trained,
    *,
    placebo: bool,
) -> ZooAttack:
    """An attack of the zoo with what it learns beforehand; `strangers` is the network that C2F goes by."""
    method, seed, digest = attack.method, judges.people.seed, prior_digest(search.prior)
    goes_on = tools.start == "prior"
    public = Public(judges.people.world, tools.public, size=PRIOR_SIZE if goes_on else 0)
    gan = None
    if kind := GANS.get(method):
        learns_from = None if kind == "gmi" else model
        start, weights = (search.prior, digest) if goes_on else ("", "")
        gan = Gan(kind, public, tools, seed, learns_from, start, weights)
    surrogate = SURROGATES[method](model, public, tools, seed) if method in SURROGATES else None
    return ZooAttack(
        method,
        model,
        judges.people,
        judges,
        search,
        attack.rates,
        seed,
        digest,
        gan,
        surrogate,
        placebo=placebo,
        embedder=strangers if method == "c2f" else None,
    )
