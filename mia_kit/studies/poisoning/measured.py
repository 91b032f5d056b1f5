"""What a recipe's table says of each row, in the words of the paper's tables, as chapter 9 draws it."""

from __future__ import annotations

from dataclasses import fields

import pandas as pd

from mia_kit.runs.compare import intervals
from mia_kit.runs.table import select
from mia_kit.studies.poisoning.recipe import USUAL, Row

MEASURES = ["attack_accuracy", "error"]
COLUMNS = [field.name for field in fields(Row)]
DEFENCES = {
    "lpa": "LPA",
    "poi_mse": "Poi_MSE",
    "lfp": "LFP",
    "lfp_repaired": "LFP repaired",
    "vae": "LPA by VAE",
    "pgd": "PGD",
    "advexa": "AdvExa",
    "mid": "MID",
    "one_parameter": "OnePara",
    "rounding": "rounded, decimals",
    "top_k": "top",
}
ADAPTATIONS = {
    "rounding": "rounded by the attacker",
    "self": "self-poisoned",
    "noise": "noise",
    "softmax": "second softmax",
}


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Two entries for each row of a recipe, of attack_accuracy and of error, undefended rows first.

    Columns row (its name), measure, value, low and high (95 %, over pictures and seeds), loss of accuracy against no
    defence in [-1, 1], by_seed (a list of means).
    """
    table = table.assign(row=[_name(Row(*values)) for values in table[COLUMNS].itertuples(index=False, name=None)])
    accuracy = select(table, measure="accuracy").groupby("row")["value"].mean()
    attacked = select(table, measure=MEASURES)
    by_seed = attacked.groupby(["row", "measure", "seed"], observed=True)["value"].mean()
    frame = intervals(attacked, MEASURES, ["row", "measure"])
    frame["loss"] = [accuracy["none"] - accuracy[row] for row in frame["row"]]
    frame["by_seed"] = [by_seed[row, measure].tolist() for row, measure in zip(frame.row, frame.measure, strict=True)]
    return frame.sort_values("row", key=lambda names: (~names.str.startswith("none")).astype(str) + names)


def _name(row: Row) -> str:
    """Defence and strength, then whatever is not usual."""
    words = [DEFENCES.get(row.defence, row.defence) + (f" {row.strength:g}" if row.strength else "")]
    words += [f"by {row.attacker}"] if row.attacker != USUAL else []
    words += [f"against {row.substitute}"] if row.substitute != USUAL else []
    words += ["attacker's second half"] if row.half else []
    words += ["defender's second half"] if row.substitute_half else []
    words += [ADAPTATIONS[row.adaptation]] if row.adaptation != "none" else []
    words += [f"{row.repeats:g} answers averaged"] if row.repeats > 1 else []
    return ", ".join(words)
