"""What chapter 9 draws of a table: each row by its name, undefended rows first, with what it costs."""

import pytest

from mia_kit.runs.table import tidy
from mia_kit.studies.poisoning.measured import summary

NONE = {
    "defence": "none",
    "strength": 0.0,
    "attacker": "usual",
    "substitute": "usual",
    "half": 0,
    "repeats": 1,
    "substitute_half": 0,
    "adaptation": "none",
}
LPA = {**NONE, "defence": "lpa", "strength": 0.02, "adaptation": "rounding", "attacker": "psnr", "half": 1}


def test_every_row_is_named_by_what_is_not_usual() -> None:
    entries = []
    for row, hits, accuracy in ((LPA, (1, 0), 0.9), (NONE, (1, 1), 0.931)):
        for seed in (1, 2):
            shared = {"study": "poisoning", "world": "mnist", "seed": seed, **row}
            entries += [{**shared, "unit": u, "measure": "attack_accuracy", "value": hit} for u, hit in enumerate(hits)]
            entries += [{**shared, "unit": u, "measure": "error", "value": 0.25 * seed} for u in range(2)]
            entries.append({**shared, "unit": None, "measure": "accuracy", "value": accuracy})
    frame = summary(tidy(entries))
    longest = "LPA 0.02, by psnr, attacker's second half, rounded by the attacker"
    assert list(frame["row"]) == ["none", "none", longest, longest]
    assert frame["loss"].tolist() == pytest.approx([0, 0, 0.031, 0.031])
    assert frame["value"].tolist() == [1, 0.375, 0.5, 0.375] and frame["by_seed"].tolist()[1] == [0.25, 0.5]
    assert frame["low"].iloc[2] < 0.5 < frame["high"].iloc[2]
