"""What lines with uncertainty share: faint points for seeds, bars to an interval's ends, a band between quartiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from mia_kit.figures.style import MARKERS, OKABE_ITO, translucent
from mia_kit.metrics import Interval

FAINT = 0.35


def seed_points(
    x: Sequence[float] | np.ndarray, seeds: np.ndarray, place: int, *, size: int, **options: Any
) -> go.Scatter:
    """A faint point for each seed, of shape (x, seeds), in the colour and marker of the line at `place`."""
    return go.Scatter(
        x=np.repeat(x, seeds.shape[1]),
        y=seeds.ravel().round(4),
        mode="markers",
        marker={"color": translucent(OKABE_ITO[place], FAINT), "symbol": MARKERS[place], "size": size},
        showlegend=False,
        hoverinfo="skip",
        **options,
    )


def bars(value: np.ndarray, low: np.ndarray, high: np.ndarray, **options: Any) -> dict[str, Any]:
    """Plotly's `error_y` from low to high; none where an end is NaN."""
    up, down = np.nan_to_num(high - value), np.nan_to_num(value - low)
    return {"type": "data", "array": up.round(4), "arrayminus": down.round(4), **options}


def shares_across(
    y: np.ndarray, shares: Sequence[Interval], seeds: np.ndarray, name: str, place: int, **options: Any
) -> list[go.Scatter]:
    """Lying shares with bars, one at each y; the last trace has them.

    `seeds` are those of each seed, of shape (shares, seeds); where there are several, the first trace has faint marks.
    """
    value, low, high = (np.array([getattr(share, end) for share in shares]) for end in ("value", "low", "high"))
    dots = go.Scatter(
        x=value.round(4),
        y=y,
        mode="markers",
        name=name,
        marker={"color": OKABE_ITO[place], "symbol": MARKERS[place], "size": 10},
        error_x=bars(value, low, high, thickness=1.2),
        hovertemplate=f"{name}: %{{x:.1%}}<extra></extra>",
        **options,
    )
    if seeds.shape[1] < 2:
        return [dots]
    faint = seed_points(y, seeds, place, size=5)
    faint.update(x=faint.y, y=faint.x)
    return [faint, dots]


def band(x: np.ndarray, low: np.ndarray, high: np.ndarray, place: int, *, alpha: float) -> go.Scatter:
    """The area between two curves."""
    return go.Scatter(
        x=np.concatenate([x, x[::-1]]),
        y=np.concatenate([low, high[::-1]]).round(5),
        fill="toself",
        fillcolor=translucent(OKABE_ITO[place], alpha),
        mode="none",
        hoverinfo="skip",
        showlegend=False,
    )
