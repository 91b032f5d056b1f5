"""Train the grid of toy models that ships with the package (`mia_kit/toy/table.safetensors`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import mia_kit.toy
from mia_kit.toy import train_grid


def smoothings(recipe: dict[str, Any]) -> tuple[float, ...]:
    """The recipe's factors, both ends included, without the dust of floating point."""
    first, last, step = (recipe["smoothing"][key] for key in ("from", "to", "step"))
    count = round((last - first) / step) + 1
    return tuple(float(a) for a in np.round(np.linspace(first, last, count), 6) + 0.0)


def run(recipe: dict[str, Any], progress: bool = True) -> Path:
    """Train, write the table and return its path."""
    grid = train_grid(smoothings(recipe), recipe["seeds"], steps=recipe["steps"], progress=progress)
    path = Path(mia_kit.toy.__file__).with_name("table.safetensors")
    grid.save(path)
    return path
