"""Advantage over hard labels in the first house's evidence, for chapter 5."""

from __future__ import annotations

from typing import Any

import numpy as np

from mia_kit.metrics import Interval


def advantage(cell: dict[str, Any], hard: dict[str, Any], measure: str = "acc1_all") -> Interval:
    """Relative change against hard labels, with a bootstrap over people; nan if hard labels leak nothing."""
    own, base = np.array(cell[measure]["by_person"]), np.array(hard[measure]["by_person"])
    draws = np.random.default_rng(0).integers(len(own), size=(10_000, len(own)))
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = own[draws].mean(axis=1) / base[draws].mean(axis=1) - 1
        low, high = np.quantile(ratios, [0.025, 0.975])
        return Interval(float(own.mean() / base.mean() - 1), float(low), float(high))
