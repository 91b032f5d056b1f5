"""Train the grid of toy models that ships with the package: `python data_scripts/train_toy_table.py`, or `make table`.

Writes `mia_kit/toy/table.safetensors`, which the sliders of chapters 1 and 2 read, and beside it the distances of the
paper's attack on every model, `table_attack.npy`. About four minutes on two cores.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import mia_kit.toy
from mia_kit.data.folders import check_output
from mia_kit.toy import ToyGrid, invert_grid, train_grid

SMOOTHINGS = tuple(round(-0.3 + 0.025 * step, 3) + 0.0 for step in range(33))  # to 0.5
SEEDS = (42, *range(10))  # 42 is the paper's own


def write_attack(grid: ToyGrid, path: Path) -> None:
    """The distances of `invert_grid`'s default attack, float32 of shape (factors, seeds), beside the table."""
    np.save(path.with_name("table_attack.npy"), invert_grid(grid).distance[:, :, 0].astype("<f4"))


def main() -> None:
    """Train, attack and write both files. OSError, before anything is trained, if they cannot be written."""
    path = Path(mia_kit.toy.__file__).with_name("table.safetensors")
    check_output(path, "it ships with the package: install that into an environment of your own.")
    grid = train_grid(SMOOTHINGS, SEEDS)
    grid.save(path)
    write_attack(grid, path)
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
