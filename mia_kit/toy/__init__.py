"""The 2-D world of chapter 1: three clouds of points, a small classifier, and an attack that inverts it.

`world` is the paper's own set-up, one model at a time, in plain PyTorch. `grid` trains and attacks hundreds of such
models as one batch, each equal to the plain one, so that a slider can sweep factors and seeds.
"""

from mia_kit.toy.grid import GridInversions, ToyGrid, invert_grid, load_table, load_table_attack, train_grid
from mia_kit.toy.world import InversionPath, ToyClassifier, ToyData, distance_to_class, invert, make_data, train

__all__ = [
    "GridInversions", "InversionPath", "ToyClassifier", "ToyData", "ToyGrid", "distance_to_class", "invert",
    "invert_grid", "load_table", "load_table_attack", "make_data", "train", "train_grid",
]  # fmt: skip
