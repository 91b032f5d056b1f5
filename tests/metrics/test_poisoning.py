"""Costs and gains of a defence at serving time, by hand."""

import numpy as np
import pytest

from mia_kit.metrics.poisoning import (
    accuracy_loss,
    confidence_distortion,
    reconstruction_error,
    squared_errors,
)

CLEAN = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]], dtype=np.float32)
LABELS = np.array([0, 1, 1, 1])


def test_accuracy_loss():
    kept = accuracy_loss(CLEAN, np.array([[0.6, 0.4], [0.9, 0.1], [0.4, 0.6], [0.1, 0.9]]), LABELS)
    assert (kept.value, kept.low, kept.high) == (0, 0, 0)
    flipped = CLEAN.copy()
    flipped[:3] = flipped[:3, ::-1]  # one wrong answer is put right, two right ones are spoilt
    loss = accuracy_loss(CLEAN, flipped, LABELS)
    assert loss.value == pytest.approx(0.25) and loss.low < 0.25 < loss.high


def test_distortion():
    moved = CLEAN.copy()
    moved[0] = [0.6, 0.4]
    assert confidence_distortion(CLEAN, moved).value == pytest.approx(0.3 * np.sqrt(2) / 4)
    assert confidence_distortion(CLEAN, CLEAN).value == 0


def test_errors():
    images = np.zeros((4, 1, 2, 2))
    made = np.stack([np.full((1, 2, 2), shade) for shade in (0.0, 0.5, -1.0, 1.0)])
    errors = squared_errors(made, images)
    assert errors.tolist() == [0, 0.25, 1, 1]
    assert reconstruction_error(made, images).value == pytest.approx(2.25 / 4)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"\(4, 2\), got \(3, 2\)"):
        confidence_distortion(CLEAN, CLEAN[1:])
    with pytest.raises(ValueError, match=r"labels must have the shape \(4,\), got \(3,\)"):
        accuracy_loss(CLEAN, CLEAN, LABELS[1:])
    with pytest.raises(ValueError, match=r"\(2, 1, 4, 5\), got \(2, 1, 4, 4\)"):
        squared_errors(np.zeros((2, 1, 4, 4)), np.zeros((2, 1, 4, 5)))


def test_an_error_that_is_none_is_not_protection():
    broken = np.full((2, 1, 2, 2), np.nan)
    with pytest.raises(ValueError, match="reconstructions must be finite"):
        squared_errors(broken, np.zeros((2, 1, 2, 2)))
    served = CLEAN.copy()
    served[1] = np.nan
    for measure in (confidence_distortion, lambda clean, own: accuracy_loss(clean, own, LABELS)):
        with pytest.raises(ValueError, match="served must be finite, got 2 of 8"):
            measure(CLEAN, served)
