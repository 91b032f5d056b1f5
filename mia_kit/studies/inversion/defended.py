"""Use and leakage of every defence in a table, as a frontier is drawn: for chapters 7 and 14."""

from __future__ import annotations

import pandas as pd

from mia_kit.runs.compare import difference, intervals

HARD = {"defence": "smoothing", "strength": 0.0}


def by_defence(table: pd.DataFrame, *, attack: str = "ppa") -> pd.DataFrame:
    """A row for each defence and strength: accuracy, and Acc@1 of the strongest attack with its 95 % interval.

    Columns defence ("none" for hard labels), strength, accuracy, value, low, high. NoRowsError if the table lacks them.

    attack : what the table calls the strongest, "ppa" or, where another method took part, "strongest"
    """
    by, where = ["defence", "strength"], {"attack": attack, "loss": "strongest"}
    leaks = intervals(table, "acc1", by, where).drop(columns=["units", "seeds"])
    accuracy = intervals(table, "accuracy", by)[[*by, "value"]].rename(columns={"value": "accuracy"})
    rows = leaks.merge(accuracy, on=by)[[*by, "accuracy", "value", "low", "high"]]
    rows[["low", "high"]] = rows[["low", "high"]].clip(0, 1)  # a t-interval may leave the shares
    hard = (rows["defence"] == HARD["defence"]) & (rows["strength"] == HARD["strength"])
    return rows.assign(defence=rows["defence"].astype(object).mask(hard, "none"))


def against_none(table: pd.DataFrame) -> pd.DataFrame:
    """What each defence leaks less than hard labels do, a paired difference; and what it costs in accuracy.

    Columns defence, strength, cost, value, low, high; the greatest protection first.
    """
    accuracy = intervals(table, "accuracy", ["defence", "strength"]).set_index(["defence", "strength"])["value"]
    rows = []
    for defence, strength in accuracy.index:
        treated = {"defence": defence, "strength": strength}
        if treated == HARD:
            continue
        leak = difference(
            table, measure="acc1", treated=treated, baseline=HARD, where={"attack": "ppa", "loss": "strongest"}
        )
        cost = accuracy[HARD["defence"], HARD["strength"]] - accuracy[defence, strength]
        rows.append([defence, strength, cost, leak.estimate, leak.low, leak.high])
    columns = ["defence", "strength", "cost", "value", "low", "high"]
    return pd.DataFrame(rows, columns=columns).sort_values("value", ignore_index=True)
