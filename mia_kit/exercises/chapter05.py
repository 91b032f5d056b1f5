"""Checks for the exercises of notebook 05."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mia_kit.exercises import compared, spoken


@spoken
def check_advantage(my_advantage: Callable[[np.ndarray, np.ndarray], float]) -> str | None:
    """Exercise 1: the relative change of the mean against hard labels."""
    smoothed, hard = np.array([0.0, 0.5, 1.0, 0.9]), np.array([0.25, 0.25, 0.5, 0.6])
    right, change = smoothed.mean() / hard.mean() - 1, smoothed.mean() - hard.mean()
    of_ratios = (smoothed / hard).mean() - 1
    wrong = {
        "that is the change in points: a relative change is divided by what hard labels leak.": change,
        "you took the mean of ratios: a person who leaks little would count most. Take the ratio of means.": of_ratios,
        "that is the ratio: no change should give 0, so take 1 away.": right + 1,
    }
    rest = "on the trial values it should be {:.3f}, yours is {:.3f}."
    return compared(float(my_advantage(smoothed, hard)), right, wrong, rest)


@spoken
def check_interval(my_interval: Callable[[np.ndarray, np.random.Generator], tuple[float, float]]) -> str | None:
    """Exercise 2: a 95 % bootstrap interval of the mean that resamples people."""
    draw = np.random.default_rng(0)
    # (people, reconstructions): those of a person are alike, not the same, and the first is the best
    chances = draw.beta(0.5, 0.5, size=(400, 1)) + np.array([0.3, 0, 0, 0, 0, 0])
    hits = (draw.random((400, 6)) < chances).astype(float)
    low, high = my_interval(hits, np.random.default_rng(2))
    if not low < high:
        return "the interval must have a lower and an upper end, in this order."
    people = hits.mean(axis=1)
    right, spread = _bootstrap(people), people.std()
    wrong = {
        "you drew pictures: six pictures of one person are not six people. Draw whole rows.": _bootstrap(hits.ravel()),
        "that is the first reconstruction of each person: take the mean of all six.": _bootstrap(hits[:, 0]),
        "one lucky reconstruction is enough for you: take the mean of a person's six.": _bootstrap(hits.max(axis=1)),
        "that is a 90 % interval: of 95 %, a fortieth lies beyond either end.": _bootstrap(people, beyond=0.05),
        "that is the spread of people: take quantiles of the means of many draws.": (
            np.array([people.mean() - spread, people.mean() + spread]),
            np.quantile(people, (0.025, 0.975)),
        ),
    }
    rest = "it should begin at about {:.3f}, yours begins at {:.3f}."
    return compared((low, high), right, wrong, rest, near=0.06 * (right[1] - right[0]))  # 2,000 draws are 2 % off


def _bootstrap(values: np.ndarray, *, beyond: float = 0.025) -> np.ndarray:
    means = np.random.default_rng(1).choice(values, size=(4000, len(values))).mean(axis=1)
    return np.quantile(means, (beyond, 1 - beyond))
