"""Checks for the exercises of notebook 11."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mia_kit.exercises import compared, spoken
from mia_kit.membership import lira
from mia_kit.membership.thresholds import best_threshold


@spoken
def check_threshold(my_threshold: Callable[[np.ndarray, np.ndarray], float]) -> str | None:
    """Exercise 1: the powerful attack's search of 1,001 thresholds."""
    members, non_members = _known_losses()

    def gain(threshold: float) -> float:
        return float((members < threshold).mean() - (non_members < threshold).mean())

    mine = my_threshold(members, non_members)
    if np.ndim(mine) != 0:
        return f"one threshold is one number, yours has the shape {np.shape(mine)}: return the best of the 1,001."
    best = gain(best_threshold(members, non_members))
    steps = (float(mine) - members.mean()) / members.std() * 100  # from the mean, a hundredth of a deviation each
    if gain(float(mine)) >= best - 1e-9 and abs(steps - round(steps)) < 1e-6:
        return None
    if gain(float(mine)) >= best - 1e-9:
        return "a good one, but none of the 1,001: from the mean of the members, in deviations of the members."
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


@spoken
def check_ratio(my_ratio: Callable[[float, np.ndarray, np.ndarray], float]) -> str | None:
    """Exercise 2: the logarithm of the likelihood ratio of one picture, from two Gaussians."""
    random = np.random.default_rng(0)
    inside, outside, value = random.normal(4, 1, 8), random.normal(1, 2, 8), 3.5
    everybody = np.concatenate([inside, outside])[:, None]
    seen = (np.arange(16) < 8)[:, None]
    right = float(lira.online(np.array([value]), everybody, seen, spread="own").scores[0])
    widths = np.log(inside.std(ddof=1) / outside.std(ddof=1))
    wrong = {
        "yours is above 0 where the picture looks like a stranger: take the members' Gaussian first.": -right,
        "that is the ratio itself: return its logarithm, so that 0 is in the middle.": np.exp(right),
        "your deviations are those of all models there are: of 8 drawn ones take ddof=1.": (
            _log_density(value, inside) - _log_density(value, outside)
        ),
        "a narrow Gaussian is higher: the logarithm of each deviation is missing.": right + widths,
    }
    rest = "for the trial picture it should be {:.3f}, yours is {:.3f}."
    return compared(float(my_ratio(value, inside, outside)), right, wrong, rest)


def _known_losses() -> tuple[np.ndarray, np.ndarray]:
    """Losses on which the average attack is far from the best: members have a long tail."""
    random = np.random.default_rng(0)
    members = np.concatenate([random.normal(0.3, 0.05, 80), random.normal(4, 0.5, 20)])
    return members, random.normal(0.9, 0.2, 100)


def _log_density(value: float, models: np.ndarray) -> float:
    """Up to a constant, under the Gaussian of all models there are."""
    return float(-np.log(models.std()) - ((value - models.mean()) / models.std()) ** 2 / 2)
