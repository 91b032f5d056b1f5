"""Rows of the data-centric defence in words and arrays, from rows made by hand."""

from typing import Any

import pytest

from mia_kit.experiments.data_centric_rows import FULL, NONE, as_text, passes

PEOPLE, SEEDS = 20, 3
BEFORE: dict[str, float] = {"acc1": 0.6, "person": 0.3, "surrogate": 0.0, "nearer_surrogate": 0.1}
AFTER: dict[str, float] = {"acc1": 0.0, "person": 0.0, "surrogate": 0.4, "nearer_surrogate": 0.9}


def rows(defence: str, attack: str, **shares: float) -> list[dict[str, Any]]:
    """A row for each seed, in which the first people pass."""
    hits = {name: "".join("01"[place < share * PEOPLE] for place in range(PEOPLE)) for name, share in shares.items()}
    return [{"defence": defence, "attack": attack, "seed": seed, "hits": hits} for seed in range(SEEDS)]


def targets(defence: str, accuracy: float, auc: tuple[float, float, float] = (0.9, 0.85, 0.95)) -> list[dict[str, Any]]:
    own = {"defence": defence, "accuracy": accuracy, "accuracy_protected": accuracy}
    return [own | {"seed": seed, "noticed": {"auc": list(auc), "larger": 4.0}} for seed in range(SEEDS)]


GOOD = targets(NONE, 0.70) + targets(FULL, 0.68)


def test_the_table_and_the_figures_arrays() -> None:
    own = rows(NONE, "PPA", **BEFORE) + rows(FULL, "PPA", **AFTER)
    about = [row | {"accuracy_others": 0.5} for row in GOOD]
    text = as_text({"rows": own, "targets": about}).splitlines()
    assert text[0] == "none: accuracy 70.0%, of protected classes 70.0%, of the others 50.0%"
    assert text[1].startswith("    PPA: attack accuracy 0.6 [") and len(text) == 4
    found = passes({"rows": own, "targets": about}, "PPA", ("acc1", "surrogate"))
    assert list(found) == [NONE, FULL] and found[FULL]["surrogate"].shape == (PEOPLE, SEEDS)
    assert found[FULL]["surrogate"].mean() == pytest.approx(0.4)
