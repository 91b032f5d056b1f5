"""What lines with uncertainty share: a look for each place, faint points for seeds, bars to both ends, a band."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from mia_kit.figures.style import DASHES, MARKERS, OKABE_ITO, translucent

FAINT = 0.35
MORE_MARKERS = ("hexagon", "pentagon", "bowtie", "hourglass", "triangle-down", "star-square", "star-diamond")
SHAPES = (*MARKERS, *(f"{marker}-open" for marker in MARKERS), *MORE_MARKERS)


def series(
    x: Any,
    y: Any,
    name: str,
    place: int,
    hover: str,
    *,
    size: int = 9,
    joined: bool = True,
    across: bool = False,
    thickness: float = 1.2,
    **options: Any,
) -> go.Scatter:
    """Values in the colour, marker and dash of their `place`, joined by a line.

    Past the palette the markers are open, and past those of other shapes: 21 places are told apart.

    `y` are numbers, or a table with the columns value, low and high, which gets bars to both ends. `hover` follows the
    name. If `across`, the values go along the x axis.
    """
    colour = OKABE_ITO[place % len(OKABE_ITO)]
    symbol = SHAPES[place % len(SHAPES)]
    if isinstance(y, pd.DataFrame):
        value, low, high = (y[column].to_numpy(dtype=float) for column in ("value", "low", "high"))
        up, down = np.nan_to_num(high - value), np.nan_to_num(value - low)  # none where an end is NaN
        ends = {"type": "data", "array": up.round(4), "arrayminus": down.round(4), "thickness": thickness}
        y, options["error_x" if across else "error_y"] = value.round(4), ends
    if joined:
        options["line"] = {"color": colour, "dash": DASHES[place % len(DASHES)]} | options.get("line", {})
    return go.Scatter(
        x=y if across else x,
        y=x if across else y,
        name=name,
        mode="lines+markers" if joined else "markers",
        marker={"color": colour, "symbol": symbol, "size": size},
        hovertemplate=f"{name}{hover}<extra></extra>",
        **options,
    )


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


def band(
    x: np.ndarray, low: np.ndarray, high: np.ndarray, place: int, *, alpha: float, name: str | None = None
) -> go.Scatter:
    """The area between two curves, in the legend if it has a name."""
    return go.Scatter(
        x=np.concatenate([x, x[::-1]]),
        y=np.concatenate([low, high[::-1]]),
        fill="toself",
        fillcolor=translucent(OKABE_ITO[place], alpha),
        mode="none",
        hoverinfo="skip",
        name=name,
        showlegend=name is not None,
    )


def with_ends(rows: pd.DataFrame, name: str) -> str:
    """Each row in words, as its column `name` calls it: its value with the ends of its interval."""
    told = zip(*(rows[column] for column in (name, "value", "low", "high")), strict=True)
    return ", ".join(f"{own} {value:.3f} [{low:.3f}, {high:.3f}]" for own, value, low, high in told)
