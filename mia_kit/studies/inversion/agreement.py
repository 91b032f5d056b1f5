"""Do the judges agree? Acc@1 asks one classifier, which an attack may persuade without showing the person.

A second network judges beside it, and where the attacker searched among the latents of drawn people a third judge is
no network at all: the person's true latent, and how near the attack came to it.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from scipy.stats import beta

from mia_kit.models import DCGAN
from mia_kit.runs.compare import intervals
from mia_kit.runs.table import Where, select

KINDS = (
    "both, and the latent is near",
    "both, far from the latent",
    "evaluator alone",
    "second judge alone",
    "neither",
)
STRANGERS = 0.99  # share of strangers' latents that lie farther away


def near_cosine(numbers: int = DCGAN.latent_size, share: float = STRANGERS) -> float:
    """The cosine that this share of random directions in so many numbers stay below."""
    half = (numbers - 1) / 2
    return float(2 * beta(half, half).ppf(share) - 1)  # (1 + cosine) / 2 has a beta distribution


def agreement(table: pd.DataFrame, groups: Mapping[str, Where]) -> pd.DataFrame:
    """Who names the person in the final reconstruction: the evaluator, the second judge (its embedding), the latent.

    The latent is near if its cosine with the person's true latent is above that of 99 of 100 random ones.

    groups : name -> the attack's columns (`mia_kit.runs.table.select`) that leave one picture of a person in each seed

    For each group and each of KINDS the columns group, kind, value, low and high: a share of people with its 95 %
    interval over people and seeds. NoRowsError if a group is not in the table, ValueError if it is several attacks.
    """
    frames = []
    for group, where in groups.items():
        evaluator, judge, cosine = (
            _said(table, measure, group, where) for measure in ("acc1", "named", "latent_cosine")
        )
        evaluator, judge, near = evaluator == 1, judge == 1, cosine > near_cosine()
        both = evaluator & judge
        shares = (both & near, both & ~near, evaluator & ~judge, ~evaluator & judge, ~evaluator & ~judge)
        for kind, share in zip(KINDS, shares, strict=True):
            frames.append(share.astype(float).reset_index(name="value").assign(group=group, measure=kind))
    rows = intervals(pd.concat(frames), list(KINDS), ["group", "measure"])
    return rows.rename(columns={"measure": "kind"})[["group", "kind", "value", "low", "high"]]


def _said(table: pd.DataFrame, measure: str, group: str, where: Where) -> pd.Series:
    """A measure of each person in each seed."""
    values = select(table, measure=measure, **where).dropna(subset="unit").set_index(["unit", "seed"])["value"]
    if not values.index.is_unique:
        raise ValueError(f"{group} must be one attack at one step, got several values of a person: select one")
    return values.sort_index()
