"""Calibration error against bins counted by hand and a classifier that is calibrated by construction."""

import numpy as np
import pytest

from mia_kit.metrics.calibration import calibration_error


def two_classes(confidence: list[float]) -> np.ndarray:
    first = np.array(confidence)
    return np.stack([first, 1 - first], axis=1)


def test_by_hand() -> None:
    """Two confidences of 0.9 in one of the 15 bins, one right; 0.6 in another, right."""
    found = calibration_error(two_classes([0.9, 0.9, 0.6]), np.array([0, 1, 0]))
    assert found == pytest.approx((2 / 3) * abs(0.5 - 0.9) + (1 / 3) * abs(1 - 0.6))


def test_calibrated_by_construction() -> None:
    random = np.random.default_rng(0)
    confidence = random.uniform(0.5, 1, 20_000)
    labels = (random.random(20_000) > confidence).astype(int)
    assert calibration_error(two_classes(list(confidence)), labels) < 0.015
