"""The rules of S14 and S18 on tables made by hand."""

from typing import Any

import numpy as np
import pytest

from mia_kit.experiments.defence_claims import COMPETITORS, REGULARISERS, claims, difference, dominates, worst
from mia_kit.experiments.defence_frontier import _shares

PEOPLE, SEEDS = 40, 3


def point(
    defence: str, strength: float, accuracy: float, leaks: float, *, margin: float | None = None
) -> dict[str, Any]:
    """A point at which the first `leaks` of all people pass in every seed; under the margin loss, `margin` of them."""

    def passes(share: float) -> dict[str, Any]:
        one = np.arange(PEOPLE) < round(share * PEOPLE)
        return {"acc1": _shares([one] * SEEDS)}

    found = {"defence": defence, "strength": strength, "accuracy": [accuracy] * SEEDS}
    return found | {"poincare": passes(leaks), "margin": passes(leaks if margin is None else margin)}


HARD, RECIPE = point("none", 0.0, 0.70, 0.60), {"seeds": SEEDS}
RIVALS = [point(name, 1.0, 0.66, 0.50) for name in COMPETITORS]


def verdict(claim: str, points: list[dict[str, Any]]) -> str:
    return claims(points, RECIPE)[claim]["verdict"]


def test_leakage_is_that_of_the_worse_loss():
    hidden = point("negative_smoothing", 0.05, 0.69, 0.10, margin=0.55)
    assert worst(hidden)["value"] == pytest.approx(0.55)
    interval, counts = difference(hidden, HARD, SEEDS)
    assert interval.value == pytest.approx(-0.05) and not counts  # two people of forty: chance


def test_dominance_takes_accuracy_and_leakage():
    ours = point("negative_smoothing", 0.05, 0.68, 0.20)
    assert dominates(ours, RIVALS[0], SEEDS)
    assert not dominates(point("negative_smoothing", 0.05, 0.65, 0.20), RIVALS[0], SEEDS)
    assert not dominates(point("negative_smoothing", 0.05, 0.68, 0.60), RIVALS[0], SEEDS)


def test_s14_needs_every_useful_point_of_every_competitor_dominated():
    ours = [point("negative_smoothing", 0.05, 0.68, 0.20)]
    assert verdict("S14", [HARD, *ours, *RIVALS]) == "reproduced"
    better = point("bido", 2.0, 0.69, 0.10)
    assert verdict("S14", [HARD, *ours, *RIVALS, better]) == "not reproduced"
    useless = point("bido", 4.0, 0.30, 0.00)
    assert verdict("S14", [HARD, *ours, *RIVALS, useless]) == "reproduced"
    undone = [point("negative_smoothing", 0.05, 0.68, 0.20, margin=0.60)]
    assert verdict("S14", [HARD, *undone, *RIVALS]) == "not reproduced"


def test_a_competitor_without_a_useful_point_is_beaten_only_by_a_defence():
    rivals = [*RIVALS[:2], point("dp_sgd", 1.0, 0.30, 0.00)]
    assert verdict("S14", [HARD, point("negative_smoothing", 0.05, 0.68, 0.20), *rivals]) == "reproduced"
    idle = [HARD, point("negative_smoothing", 0.05, 0.68, 0.60), *(point(n, 1.0, 0.3, 0.0) for n in COMPETITORS)]
    assert verdict("S14", idle) == "not reproduced"


def test_s18_asks_each_regulariser():
    changed = [point(name, 1.0, 0.68, 0.30) for name in REGULARISERS]
    assert verdict("S18", [HARD, *changed]) == "reproduced"
    found = claims([HARD, *changed[:-1], point("mixup", 1.0, 0.68, 0.575)], RECIPE)["S18"]
    assert found["verdict"] == "not reproduced" and "dropout 1: -0.300*" in found["course"]


def test_no_verdict_without_the_points():
    assert claims([HARD, *RIVALS], RECIPE) == {}


def test_shares_by_person_and_seed():
    found = _shares([np.array([True, False, True]), np.array([True, False, False])])
    assert found["by_person"] == [2, 0, 1] and found["by_seed"] == [0.6667, 0.3333] and found["value"] == 0.5
