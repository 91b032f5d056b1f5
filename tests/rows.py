"""Rows of logits for Hypothesis, and their confidences in plain Python, one class after the other."""

import math

from hypothesis import strategies as st

INF = math.inf
# A class that a model rules out has a logit of minus infinity.
LOGIT = st.floats(-30, 30, allow_subnormal=False) | st.just(-INF)


def log_confidences(row: list[float]) -> list[float]:
    """log p of each class; NaN where every class is ruled out."""
    top = max(row)
    total = math.log(sum(math.exp(value - top) for value in row)) if top > -INF else math.nan
    return [value - top - total for value in row]


def confidence(row: list[float], place: int) -> float:
    """p of one class."""
    return math.exp(log_confidences(row)[place])
