"""Simulated tables of attacks in which the right verdict is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mia_kit.runs.contrasts import Contrast, read_claims
from mia_kit.runs.table import tidy

SHARED = {"study": "inversion", "world": "simulated"}
# Leakage and margin of an honest world: the attack beats its start and the placebo, and there is room above.
LEAKS = {"start": 0.3, "placebo": 0.05, "oracle": 0.95, 0.0: 0.7, 0.1: 0.9, -0.2: 0.4}
MARGINS = {0.0: 30.0, 0.1: 9.0, -0.2: 270.0}
ACCURACIES = {0.0: 0.82, 0.1: 0.83, -0.2: 0.8}


def table_of(
    leaks: dict[Any, float] | None = None,
    *,
    margins: dict[float, float] | None = None,
    accuracies: dict[float, float] | None = None,
    measure: str = "acc1",
    loss: str = "cross_entropy",
    noise: float = 0.02,
    seeds: int = 5,
    people: int = 40,
) -> pd.DataFrame:
    """Leakage by person of the factors and of the three controls, and margins and accuracies of the targets.

    `leaks`, `margins` and `accuracies` change the honest world; `noise` is the standard deviation over seeds, and over
    people ten times as much.
    """
    random = np.random.default_rng(0)
    rows = []
    for kind, level in {**LEAKS, **(leaks or {})}.items():
        control = isinstance(kind, str)
        columns = {"attack": kind if control else "ppa", "strength": None if kind == "oracle" else 0.0}
        columns |= {} if control else {"strength": kind, "loss": loss}
        values = level + 10 * noise * random.normal(size=(people, 1)) + noise * random.normal(size=(1, seeds))
        for (unit, seed), value in np.ndenumerate(values):
            rows.append({**columns, "unit": unit, "seed": seed + 1, "measure": measure, "value": value})
    levels = {"margin": {**MARGINS, **(margins or {})}, "accuracy": {**ACCURACIES, **(accuracies or {})}}
    for measured, known in levels.items():
        for strength, level in known.items():
            for seed in range(seeds):
                value = level * (1 + 0.01 * random.normal())
                rows.append({"strength": strength, "seed": seed + 1, "unit": None, "measure": measured, "value": value})
    return tidy([{**SHARED, "defence": "smoothing", "loss": None, **row} for row in rows])


NEGATIVE = """
- id: S5
  claim: negative smoothing protects
  paper: "1 > 0"
  chapters: ["05"]
  kind: finding
  cases:
    - world: simulated people
      table: simulated
      measure: acc1
      smallest_effect: 0.1
      preconditions: [margin, start, placebo, floor, ceiling, useful]
      at: {defence: smoothing, attack: ppa, loss: cross_entropy}
      contrasts:
        - {name: negative, treated: {strength: -0.2}, baseline: {strength: 0}, claimed: below}
"""


def contrast_of(**changes: Any) -> Contrast:
    """The contrast of `NEGATIVE`, changed."""
    import msgspec

    return msgspec.structs.replace(read_claims(NEGATIVE.encode())[0].cases[0].contrasts[0], **changes)
