"""What does not fit an attack on membership is refused; plain ranges are tried in `test_bad_calls.py`."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from mia_kit.defences import build
from mia_kit.membership import (
    augmentation_aware,
    average,
    fit_shadows,
    half_memberships,
    lira,
    rmia,
    scaled_confidences,
    shadow_attack,
    split_membership,
)

GOOD, COLUMN = np.arange(3.0), np.arange(3.0)[:, None]
SCALED, SHADOWS, INSIDE = np.arange(5.0), np.ones((8, 5)), np.arange(40).reshape(8, 5) % 2 == 0
ANSWERS, NAMED, SEEN = np.full((2, 10, 3), 1 / 3), np.arange(10) % 2, np.arange(20).reshape(2, 10) % 3 == 0
IMAGES, LABELS, HALVES = torch.zeros(24, 1, 16, 16), torch.arange(24) % 3, half_memberships(24, 4, seed=0)
UNEVEN = HALVES ^ (np.arange(96).reshape(4, 24) == 0)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: average(GOOD, np.zeros(0)), r"known_members must hold at least one number, got the shape \(0,\)"),
        (lambda: augmentation_aware(COLUMN, GOOD, COLUMN), r"known_members .* \(n, 1\), got \(3,\)"),
        (lambda: scaled_confidences(torch.zeros(3, 2), torch.zeros(2, dtype=torch.long)), r"\(3,\), got \(2,\)"),
        (lambda: lira.online(SCALED, SHADOWS[:, :4], INSIDE), r"\(shadows, 5\), got \(8, 4\)"),
        (lambda: lira.online(SCALED, SHADOWS, INSIDE.astype(int)), "shadow_members must be bool, got int64"),
        (lambda: lira.online(SCALED, SHADOWS, INSIDE & False), "trained with each example must be at least 1, got 0"),
        (lambda: lira.online(SCALED, SHADOWS[:2], INSIDE[:2]), "trained with an example must be at least 2, got 1"),
        (lambda: lira.offline(SCALED, SHADOWS, INSIDE | True, spread="own"), "without each example must be at least 2"),
        (lambda: rmia.line_of(SHADOWS, INSIDE & (np.arange(8) != 3)[:, None]), "was trained must be at least 1, got 0"),
        (lambda: rmia.line_of(SHADOWS, INSIDE | (np.arange(8) == 3)[:, None]), "was trained must be at least 1, got 0"),
        (lambda: shadow_attack.run(ANSWERS[0, :, :2], NAMED, ANSWERS, NAMED, SEEN), r"\(2, 10, 2\), got \(2, 10, 3\)"),
        (lambda: shadow_attack.run(4 * ANSWERS[0], NAMED, ANSWERS, NAMED, SEEN), "after a softmax, must lie in"),
        (lambda: shadow_attack.run(ANSWERS[0], NAMED + 2, ANSWERS, NAMED, SEEN), r"labels must lie in \[0, 3\)"),
        (
            lambda: shadow_attack.run(ANSWERS[0], NAMED, ANSWERS, NAMED, SEEN | True),
            "hold no members or no non-members",
        ),
        (lambda: half_memberships(21, 6, seed=0), "must be even, at least 2, got 21 and 6"),
        (lambda: fit_shadows(IMAGES, LABELS, HALVES[:, 1:], seed=0, classes=3), r"\(shadows, 24\), got \(4, 23\)"),
        (lambda: fit_shadows(IMAGES, LABELS, UNEVEN, seed=0, classes=3), "as many members each, got 1[123], 1[123]"),
        (lambda: split_membership(np.array([0, 0, 1, 1]), np.array([0, 1, 2, 2]), seed=0), "class 1 .* got 0 instead"),
        (lambda: split_membership(np.arange(4) % 2, np.zeros(4, dtype=int), seed=0), "a group must have one class"),
        (lambda: split_membership(np.arange(4), np.arange(3), seed=0), r"\(4,\), got \(3,\)"),
        (lambda: build("noise", 11), r"deviation must lie in \[0, 10\], got 11"),
        (lambda: build("cutout", 1.5), r"share must lie in \[0, 1\], got 1.5"),
        (lambda: build("disturbed_labels", 1.1), r"share must lie in \[0, 1\], got 1.1"),
        (lambda: build("crop_and_flip", 4), "pixels of crop_and_flip must be one of 3.0, got 4.0"),
        (lambda: build("distillation", 0.5, teacher=torch.nn.Flatten()), r"temperature must lie in \[1, 1000\]"),
        (lambda: build("distillation", 10), "model must be a torch.nn.Module, got None"),
    ],
)
def test_what_does_not_fit(call: Callable[[], object], sentence: str) -> None:
    with pytest.raises((ValueError, TypeError), match=sentence):
        call()
