"""Every argument of every measure, given what it cannot be: an error of ours with both sides, or an answer."""

import traceback
import warnings
from typing import Any

import numpy as np
import pytest

from mia_kit import metrics as m
from mia_kit.metrics.separability import separability

RANDOM = np.random.default_rng(0)
ROWS, CLASSES, SCORES = RANDOM.normal(size=(12, 3)), np.arange(12) % 3, RANDOM.normal(size=12)
SHARES, PICTURES, DISTANCES = np.full((12, 3), 1 / 3), np.zeros((12, 1, 4, 4)), np.abs(SCORES)
SIDES, CALLED, GROUPS = (SCORES, SCORES), SCORES > 0, np.arange(12) % 6
GOOD: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "attack_accuracy": ((ROWS, CLASSES), {"k": 1}),
    "target_ranks": ((ROWS, CLASSES), {}),
    "verified_share": ((DISTANCES, CLASSES), {"threshold": 0.5}),
    "person_distances": ((ROWS, CLASSES, ROWS, CLASSES), {}),
    "feature_distance": ((ROWS, CLASSES, ROWS, CLASSES), {}),
    "calibration_error": ((SHARES, CLASSES), {"bins": 5, "seed": 0, "resamples": 5}),
    "outlier_scores": ((ROWS, CLASSES), {}),
    "detector_scores": ((ROWS, CLASSES == 0, GROUPS), {"folds": 2, "seed": 0}),
    "detector_auc": ((SCORES, CLASSES == 0, GROUPS), {"seed": 0}),
    "scaled_distances": ((ROWS, CLASSES), {}),
    "morphing_tsne": (({0.0: ROWS},), {"seed": 0, "perplexity": 3.0, "iterations": 250}),
    "mean_interval": ((SCORES,), {"confidence": 0.9}),
    "share_interval": ((3, 10), {"confidence": 0.9}),
    "cluster_interval": ((ROWS,), {"seed": 0, "confidence": 0.9, "resamples": 10}),
    "roc": (SIDES, {}),
    "auc": (SIDES, {"seed": 0}),
    "best_advantage": (SIDES, {"seed": 0}),
    "true_positives_at": (SIDES, {"false_positive_rate": 0.1, "seed": 0}),
    "advantage": ((CALLED, CALLED), {"seed": 0}),
    "accuracy_loss": ((SHARES, SHARES, CLASSES), {}),
    "confidence_distortion": ((SHARES, SHARES), {}),
    "squared_errors": ((PICTURES, PICTURES), {}),
    "frechet_distance": ((ROWS, ROWS), {}),
    "manifold_measures": ((ROWS, ROWS), {"k": 3}),
    "separability": ((SHARES, SHARES), {"seed": 0}),
}
BAD: tuple[Any, ...] = (
    *(None, "x", b"x", [], {}, object(), [[1], [1, 2]], 1j, -1, 10**30, float("nan"), slice(3)),
    *(np.full(12, np.nan), np.full((12, 3), np.nan), np.zeros((5, 2)), np.array(["a"] * 12), np.zeros((0, 3))),
)


@pytest.mark.parametrize("name", GOOD)
def test_what_an_argument_cannot_be_is_told_by_us(name: str) -> None:
    measure = separability if name == "separability" else getattr(m, name)
    arguments, options = GOOD[name]
    refused = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        measure(*arguments, **options)
        for slot in (*range(len(arguments)), *options):
            for bad in BAD:
                given = [bad if place == slot else good for place, good in enumerate(arguments)]
                try:
                    measure(*given, **{key: bad if key == slot else good for key, good in options.items()})
                except (ValueError, TypeError) as error:
                    refused += 1
                    place = traceback.extract_tb(error.__traceback__)[-1].filename
                    assert "mia_kit" in place and "got" in str(error), f"{slot} = {bad!r}: {error}"
    assert refused >= 10 * (len(arguments) + len(options))
