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
    hits = (draw.random(105)[:, None] < draw.beta(0.5, 0.5, size=105)[:, None]).astype(float)
    hits = np.repeat(hits, 6, axis=1)  # (people, reconstructions): all of a person alike
    wide = _bootstrap(hits.mean(axis=1), np.random.default_rng(1))
    narrow = _bootstrap(hits.ravel(), np.random.default_rng(1))
    low, high = my_interval(hits, np.random.default_rng(2))
    if not low < high:
        return "the interval must have a lower and an upper end, in this order."
    width, right = high - low, wide[1] - wide[0]
    if abs(width / right - 1) < 0.15 and abs(low - wide[0]) < 0.02:
        return None
    if abs(width / (narrow[1] - narrow[0]) - 1) < 0.15:
        return "you drew pictures: six pictures of one person are not six people. Draw whole rows."
    if abs(width / (2 * hits.mean(axis=1).std()) - 1) < 0.3:
        return "that is the spread of people: take quantiles of the means of many draws."
    return f"it should be about {right:.3f} wide, yours is {width:.3f}."


def _bootstrap(values: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    means = draw.choice(values, size=(2000, len(values))).mean(axis=1)
    return np.quantile(means, (0.025, 0.975))
