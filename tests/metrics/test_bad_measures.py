"""What has no measure: shapes that do not agree, too few samples, classes without references."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from mia_kit.metrics import (
    calibration_error,
    frechet_distance,
    manifold_measures,
    mean_interval,
    outlier_scores,
    person_distances,
    scaled_distances,
    share_interval,
    squared_errors,
    target_ranks,
)
from mia_kit.metrics.landscape import curvature, loss_plane

PAIR = np.array([0, 1])


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: calibration_error(np.full((2, 3), 0.5), PAIR), "confidences must"),
        (lambda: outlier_scores(np.eye(240), np.zeros(240, dtype=int)), "classes must be at least 2, got 1"),
        (lambda: scaled_distances(np.ones((4, 2)), np.array([0, 0, 1, 1])), "greatest distance must be above 0, got 0"),
        (lambda: scaled_distances(np.eye(4), np.array([0, 0, 1, 2])), "samples of each class must be at least 2, got"),
        (lambda: mean_interval([1.0]), "at least 2"),
        (lambda: share_interval(11, 10), "successes must be from 0 to 10, got 11"),
        (lambda: loss_plane(lambda x: x.sum(1), torch.ones(2), torch.ones(2), seed=0), "different images"),
        (lambda: curvature(lambda x: x.sum(1), torch.zeros(3, 6, dtype=torch.int64), seed=0), "got torch.int64"),
        (lambda: target_ranks(np.zeros((2, 3)), np.arange(3)), r"targets must have the shape \(2,\), got \(3,\)"),
        (lambda: target_ranks(np.zeros((2, 3)), np.array([0, 3])), r"\[0, 3\), got values from 0 to 3 instead"),
        (lambda: person_distances(np.eye(2), PAIR, np.zeros((2, 4)), PAIR), r"\(n, 2\), got \(2, 4\)"),
        (lambda: person_distances(np.eye(2), PAIR, np.eye(2)[:1], PAIR[:1]), "target class 1 must be at least 1"),
        (lambda: squared_errors(np.zeros((2, 1, 4, 4)), np.zeros((2, 1, 4, 5))), r"\(2, 1, 4, 5\), got \(2, 1, 4, 4\)"),
        (lambda: manifold_measures(np.zeros((3, 2)), np.zeros((9, 2))), "rows must be at least 4, got 3"),
        (lambda: frechet_distance(np.zeros((3, 2)), np.zeros((9, 4))), r"\(m, 2\), got \(9, 4\)"),
    ],
)
def test_what_does_not_fit(call: Callable[[], object], sentence: str) -> None:
    with pytest.raises((TypeError, ValueError), match=sentence):
        call()
