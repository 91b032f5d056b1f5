"""Train the grid of toy models that ships with the package, and attack it once as the paper does.

Writes `mia_kit/toy/table.safetensors` and, beside it, the distances of the attack, `table_attack.npy`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import mia_kit.toy
from mia_kit.data.folders import check_output
from mia_kit.toy import ToyGrid, invert_grid, train_grid


def smoothings(recipe: dict[str, Any]) -> tuple[float, ...]:
    """The recipe's factors, both ends included, without the dust of floating point."""
    first, last, step = (recipe["smoothing"][key] for key in ("from", "to", "step"))
    count = round((last - first) / step) + 1
    return tuple(float(a) for a in np.round(np.linspace(first, last, count), 6) + 0.0)


def write_attack(grid: ToyGrid, path: Path) -> None:
    """The distances of `invert_grid`'s default attack, float32 of shape (factors, seeds), beside the table."""
    np.save(path.with_name("table_attack.npy"), invert_grid(grid).distance[:, :, 0].astype("<f4"))


def run(recipe: dict[str, Any], progress: bool = True) -> Path:
    """Train, attack, write both files and return the path of the table."""
    path = Path(mia_kit.toy.__file__).with_name("table.safetensors")
    check_output(path, "it ships with the package: install that into an environment of your own.")
    grid = train_grid(smoothings(recipe), recipe["seeds"], steps=recipe["steps"], progress=progress)
    grid.save(path)
    write_attack(grid, path)
    return path
