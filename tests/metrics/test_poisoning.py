"""Reconstruction errors by hand."""

import numpy as np

from mia_kit.metrics.poisoning import squared_errors


def test_errors():
    made = np.stack([np.full((1, 2, 2), shade) for shade in (0.0, 0.5, -1.0, 1.0)])
    assert squared_errors(made, np.zeros((4, 1, 2, 2))).tolist() == [0, 0.25, 1, 1]
