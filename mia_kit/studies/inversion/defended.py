"""Use and leakage of every defence in a table, as a frontier is drawn: for chapters 7 and 14."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    return rows.astype({"defence": object}).assign(defence=lambda frame: frame["defence"].mask(_hard(frame), "none"))


def against_none(table: pd.DataFrame) -> pd.DataFrame:
    """What each defence leaks less than hard labels do, a paired difference; and what it costs in accuracy.

    Columns defence, strength, cost, value, low, high; the greatest protection first.
    """
    rows = []
    for defence, strength in table[["defence", "strength"]].dropna().drop_duplicates().itertuples(index=False):
        treated = {"defence": defence, "strength": strength}
        if treated == HARD:
            continue
        leak = difference(
            table, measure="acc1", treated=treated, baseline=HARD, where={"attack": "ppa", "loss": "strongest"}
        )
        cost = difference(table, measure="accuracy", treated=HARD, baseline=treated).estimate
        rows.append([defence, strength, cost, leak.estimate, leak.low, leak.high])
    columns = ["defence", "strength", "cost", "value", "low", "high"]
    return pd.DataFrame(rows, columns=columns).sort_values("value", ignore_index=True)


def training_seconds(record: Mapping[str, Any]) -> pd.DataFrame:
    """Seconds of one core that a target of each defence trains, means over the seeds of an evidence's record.

    Columns defence ("none" for hard labels), strength, seconds, times (those of hard labels). A negative factor and 0
    share their first half, which is counted with each. ValueError if the record is of before seconds were told apart.
    """
    spent = [about["seconds_by"] for about in record["seeds"].values() if "seconds_by" in about]
    if not spent:
        raise ValueError(f"{record['name']} must say what its seconds went to: measure it again")
    means = pd.DataFrame(spent).mean()
    rows = []
    for label, seconds in means.items():
        kind, _, words = str(label).partition(", ")
        if kind == "Target" and "," not in words:
            defence, strength = words.split(" ")[0], float(words.split(" ")[1])
            shared = means["FirstHalf"] if defence == "smoothing" and strength <= 0 else 0.0
            rows.append([defence, strength, seconds + shared])
    frame = pd.DataFrame(rows, columns=["defence", "strength", "seconds"])
    frame = frame.assign(times=frame["seconds"] / frame.loc[_hard(frame), "seconds"].item())
    return frame.assign(defence=frame["defence"].mask(_hard(frame), "none")).sort_values("seconds", ignore_index=True)


def _hard(rows: pd.DataFrame) -> pd.Series:
    return (rows["defence"] == HARD["defence"]) & (rows["strength"] == HARD["strength"])
