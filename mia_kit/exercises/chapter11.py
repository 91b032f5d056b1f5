"""Checks for the exercises of notebook 11."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mia_kit.exercises import speak
from mia_kit.membership import lira
from mia_kit.membership.thresholds import best_threshold


def check_threshold(my_threshold: Callable[[np.ndarray, np.ndarray], float]) -> None:
    """Exercise 1: the powerful attack's search of 1,001 thresholds."""

    def verdict() -> str | None:
        members, non_members = _known_losses()

        def gain(threshold: float) -> float:
            return float((members < threshold).mean() - (non_members < threshold).mean())

        mine = my_threshold(members, non_members)
        if np.ndim(mine) != 0:
            return f"one threshold is one number, yours has the shape {np.shape(mine)}: return the best of the 1,001."
        best = gain(best_threshold(members, non_members))
        if gain(float(mine)) >= best - 1e-9:
            return None
        if np.isclose(mine, members.mean()):
            return "that is the average attack: it does not look at the non-members."
        if np.isclose(abs(mine - members.mean()), 5 * members.std()):
            return "that is an end of the range, where everybody or nobody is a member: look for the greatest gain."
        if gain(float(mine)) < 0:
            return "at yours more non-members than members are called members: take the greatest gain, not the least."
        return (
            f"at yours the share of members below it is {gain(float(mine)):.2f} above that of non-members, "
            f"with the best of the 1,001 it is {best:.2f}."
        )

    speak(verdict)


def check_ratio(my_ratio: Callable[[float, np.ndarray, np.ndarray], float]) -> None:
    """Exercise 2: the logarithm of the likelihood ratio of one picture, from two Gaussians."""

    def verdict() -> str | None:
        random = np.random.default_rng(0)
        inside, outside, value = random.normal(4, 1, 8), random.normal(1, 2, 8), 3.5
        everybody = np.concatenate([inside, outside])[:, None]
        seen = (np.arange(16) < 8)[:, None]
        right = float(lira.online(np.array([value]), everybody, seen, spread="own").scores[0])
        mine = float(my_ratio(value, inside, outside))
        if np.isclose(mine, right, atol=1e-6):
            return None
        if np.isclose(mine, -right, atol=1e-6):
            return "yours is above 0 where the picture looks like a stranger: take the members' Gaussian first."
        if np.isclose(mine, np.exp(right), atol=1e-6):
            return "that is the ratio itself: return its logarithm, so that 0 is in the middle."
        if np.isclose(mine, _log_ratio(value, inside, outside, ddof=0), atol=1e-6):
            return "your deviations are those of all models there are: of 8 drawn ones take ddof=1."
        widths = float(np.log(inside.std(ddof=1) / outside.std(ddof=1)))
        if np.isclose(mine, right + widths, atol=1e-6):
            return "a narrow Gaussian is higher: the logarithm of each deviation is missing."
        return f"for the trial picture it should be {right:.3f}, yours is {mine:.3f}."

    speak(verdict)


def _known_losses() -> tuple[np.ndarray, np.ndarray]:
    """Losses on which the average attack is far from the best: members have a long tail."""
    random = np.random.default_rng(0)
    members = np.concatenate([random.normal(0.3, 0.05, 80), random.normal(4, 0.5, 20)])
    return members, random.normal(0.9, 0.2, 100)


def _log_ratio(value: float, inside: np.ndarray, outside: np.ndarray, *, ddof: int) -> float:
    densities = [
        -np.log(models.std(ddof=ddof)) - ((value - models.mean()) / models.std(ddof=ddof)) ** 2 / 2
        for models in (inside, outside)
    ]
    return float(densities[0] - densities[1])
