"""Rows of membership inference in words and arrays, from rows made by hand."""

from typing import Any

import numpy as np
import pytest

from mia_kit.experiments.membership_rows import as_text, values, variants

MODELS = 6
# Wobbles of the models, the same for every mechanism but one's own: a change is seen through them.
SHARED = np.random.default_rng(0).normal(0, 0.01, MODELS)


def rows(
    mechanism: str,
    *,
    average: float = 0.10,
    powerful: float = 0.20,
    accuracy: float = 0.80,
    distance: float = 0.70,
    lira: float = 0.0,
    noise: float = 0.001,
) -> list[dict[str, Any]]:
    own = np.random.default_rng(len(mechanism)).normal(0, noise, MODELS) + SHARED
    return [
        {
            "mechanism": mechanism,
            "seed": model,
            "accuracy": accuracy + own[model],
            "advantage": {"average": average + own[model], "powerful": powerful + own[model], "lira": lira},
            "auc": {"distance": distance + own[model], "loss": 0.5 + powerful / 2},
        }
        for model in range(MODELS)
    ]


NONE = rows("none")


def test_values_are_in_the_order_of_the_models():
    own = rows("dropout 0.2")[::-1]
    np.testing.assert_allclose(values(own, "dropout 0.2", "accuracy"), 0.8 + SHARED, atol=0.01)
    assert variants([*NONE, *own]) == ["none", "dropout 0.2"]
    with pytest.raises(ValueError, match="there must be rows of 'mixup 1', got only none instead"):
        values(NONE, "mixup 1", "accuracy")


def test_the_table_has_every_mechanism_with_its_intervals() -> None:
    lines = as_text([*NONE, *rows("dropout 0.2", powerful=0.05)]).splitlines()
    assert [line.split("  ")[0] for line in lines] == ["mechanism", "none", "dropout 0.2"]
    assert f"{SHARED.mean() + 0.05:.3f}"[:4] in lines[2]
