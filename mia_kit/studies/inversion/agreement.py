"""Do the judges agree? Acc@1 asks one classifier, which an attack may persuade without showing the person."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from mia_kit.runs.compare import intervals
from mia_kit.runs.table import Where, select

KINDS = ("both", "evaluator alone", "second judge alone", "neither")


def agreement(table: pd.DataFrame, groups: Mapping[str, Where]) -> pd.DataFrame:
    """Who names the person in the final reconstruction: the evaluator, or the second judge (its embedding).

    groups : name -> the attack's columns (`mia_kit.runs.table.select`) that leave one picture of a person in each seed

    For each group and each of KINDS the columns group, kind, value, low and high: a share of people with its 95 %
    interval over people and seeds. NoRowsError if a group is not in the table, ValueError if it is several attacks.
    """
    frames = []
    for group, where in groups.items():
        said = [
            select(table, measure=measure, **where).dropna(subset="unit").set_index(["unit", "seed"])["value"] == 1
            for measure in ("acc1", "named")
        ]
        if not said[0].index.is_unique:
            raise ValueError(f"{group} must be one attack at one step, got several values of a person: select one")
        evaluator, judge = said[0].align(said[1], join="inner")
        shares = (evaluator & judge, evaluator & ~judge, ~evaluator & judge, ~evaluator & ~judge)
        for kind, share in zip(KINDS, shares, strict=True):
            frames.append(share.astype(float).reset_index(name="value").assign(group=group, measure=kind))
    rows = intervals(pd.concat(frames), list(KINDS), ["group", "measure"])
    return rows.rename(columns={"measure": "kind"})[["group", "kind", "value", "low", "high"]]
