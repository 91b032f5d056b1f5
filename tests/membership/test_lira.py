"""The likelihood ratio on Gaussians, where the optimal test and its curve are known."""

import numpy as np
import pytest
from scipy.stats import norm

from mia_kit.membership import lira
from mia_kit.metrics import auc, true_positives_at


def gaussians(
    shadows: int, n: int, *, gap: float = 2.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Examples of very different hardness, whose confidence rises by `gap` deviations if they are members.

    Returns the target's confidences, its members, the shadow models' confidences, their members, and the hardness.
    """
    random = np.random.default_rng(seed)
    hardness = random.normal(0, 10, n)
    members = np.arange(n) % 2 == 0
    shadow_members = random.permuted(np.tile(np.arange(shadows) % 2 == 0, (n, 1)), axis=1).T
    scaled = hardness + gap * members + random.normal(size=n)
    shadow_scaled = hardness + gap * shadow_members + random.normal(size=(shadows, n))
    return scaled, members, shadow_scaled, shadow_members, hardness


@pytest.mark.parametrize("spread", ["own", "shared"])
def test_online_against_the_formula_in_plain_loops(spread: str) -> None:
    scaled, _, shadow_scaled, inside, _ = gaussians(9, 6)
    columns = [(shadow_scaled[inside[:, i], i], shadow_scaled[~inside[:, i], i]) for i in range(6)]
    variances = [np.array([part.var(ddof=1) for part in column]) for column in columns]
    if spread == "shared":
        pooled = [
            sum(((column[k] - column[k].mean()) ** 2).sum() for column in columns)
            / sum(len(column[k]) - 1 for column in columns)
            for k in (0, 1)
        ]
        variances = [np.array(pooled)] * 6
    wanted = [
        norm.logpdf(scaled[i], column[0].mean(), np.sqrt(variances[i][0]))
        - norm.logpdf(scaled[i], column[1].mean(), np.sqrt(variances[i][1]))
        for i, column in enumerate(columns)
    ]
    found = lira.online(scaled, shadow_scaled, inside, spread=spread)
    assert np.allclose(found.scores, wanted)
    assert found.says_member.tolist() == [value > 0 for value in wanted]


def test_offline_orders_as_the_tail_of_the_non_members_gaussian() -> None:
    scaled, _, shadow_scaled, inside, _ = gaussians(12, 8)
    wanted = []
    for i in range(8):
        outside = shadow_scaled[~inside[:, i], i]
        wanted.append(norm.cdf(scaled[i], outside.mean(), outside.std(ddof=1)))
    found = lira.offline(scaled, shadow_scaled, inside, spread="own")
    assert np.allclose(norm.cdf(found.scores), wanted)
    assert found.says_member.tolist() == [value > 0.95 for value in wanted]


@pytest.mark.parametrize("spread", ["own", "shared"])
def test_with_many_shadow_models_it_is_the_optimal_test(spread: str) -> None:
    """The ratio tends to gap (x - hardness) - gap^2 / 2: area Phi(gap / sqrt 2), true positives Phi(gap - z)."""
    scaled, members, shadow_scaled, inside, hardness = gaussians(400, 2000)
    found = lira.online(scaled, shadow_scaled, inside, spread=spread).scores
    optimal = 2 * (scaled - hardness) - 2
    assert np.corrcoef(found, optimal)[0, 1] > (0.99 if spread == "shared" else 0.96)
    area = auc(found[members], found[~members])
    assert area.low - 0.005 < norm.cdf(2 / np.sqrt(2)) < area.high + 0.005
    share = true_positives_at(found[members], found[~members], false_positive_rate=0.05)
    assert share.low < norm.cdf(2 - norm.isf(0.05)) < share.high


def test_the_spread_is_shared_where_shadow_models_are_few() -> None:
    for shadows, alike in ((126, "shared"), (128, "own")):
        given = gaussians(shadows, 20)
        arguments = (given[0], given[2], given[3])
        wanted = lira.online(*arguments, spread=alike).scores
        assert np.array_equal(lira.online(*arguments).scores, wanted)
