"""Reconstruction errors by hand."""

import numpy as np
import pytest

from mia_kit.metrics.poisoning import squared_errors


def test_errors():
    made = np.stack([np.full((1, 2, 2), shade) for shade in (0.0, 0.5, -1.0, 1.0)])
    assert squared_errors(made, np.zeros((4, 1, 2, 2))).tolist() == [0, 0.25, 1, 1]


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"\(2, 1, 4, 5\), got \(2, 1, 4, 4\)"):
        squared_errors(np.zeros((2, 1, 4, 4)), np.zeros((2, 1, 4, 5)))
    with pytest.raises(ValueError, match="reconstructions must be finite"):
        squared_errors(np.full((2, 1, 2, 2), np.nan), np.zeros((2, 1, 2, 2)))
