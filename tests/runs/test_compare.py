"""Differences over people and seeds: known answers, scipy, plain loops, and coverage in simulated tables."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mia_kit.runs import compare
from mia_kit.runs.compare import difference, intervals, paired
from mia_kit.runs.table import NoRowsError, select, tidy
from tests.runs.simulate_coverage import WORLDS, covered

SHARED = {"study": "s", "world": "w", "defence": "smoothing", "measure": "acc1"}


def table_of(treated: np.ndarray, baseline: np.ndarray) -> pd.DataFrame:
    """A tidy table from arrays of shape (people, seeds), or of shape (seeds,) for whole models; NaN is no row."""
    rows = []
    for strength, values in ((-0.2, treated), (0.0, baseline)):
        for place, value in np.ndenumerate(np.asarray(values, dtype=float)):
            unit = place[0] if len(place) == 2 else None
            if not np.isnan(value):
                rows.append({**SHARED, "strength": strength, "unit": unit, "seed": place[-1] + 1, "value": value})
    return tidy(rows)


def of(table: pd.DataFrame) -> compare.Estimate:
    return difference(table, measure="acc1", treated={"strength": -0.2}, baseline={"strength": 0})


def test_whole_models_are_compared_as_scipy_does() -> None:
    random = np.random.default_rng(0)
    treated, baseline = random.normal(size=5), random.normal(size=5)
    found, known = of(table_of(treated, baseline)), stats.ttest_rel(treated, baseline)
    assert found.estimate == pytest.approx((treated - baseline).mean())
    for confidence, ends in ((0.95, (found.low, found.high)), (0.9, (found.low_90, found.high_90))):
        known_ends = known.confidence_interval(confidence)
        assert ends == pytest.approx((known_ends.low, known_ends.high), abs=1e-9)
    assert found.least_detectable == pytest.approx(2.8 * (found.high - found.low) / 3.92)
    assert (found.units, found.seeds) == (0, 5)


def test_a_single_seed_gives_the_bootstrap_over_people_of_scipy() -> None:
    values = np.random.default_rng(1).normal(size=(300, 1))
    found = of(table_of(values, np.zeros((300, 1))))
    known = stats.bootstrap((values[:, 0],), np.mean, n_resamples=9999, method="percentile", rng=0).confidence_interval
    assert (found.low, found.high) == pytest.approx((known.low, known.high), abs=0.01)


def test_weights_are_the_crossed_resampling_of_a_plain_loop() -> None:
    values = np.random.default_rng(2).normal(size=(1, 7, 4))
    (draws,) = compare._resampled(values, np.ones((7, 4), dtype=bool))
    random, loop = np.random.default_rng(3), []
    for _ in range(20_000):
        people, seeds = random.integers(7, size=7), random.integers(4, size=4)
        loop.append(values[0][np.ix_(people, seeds)].mean())
    assert draws.mean() == pytest.approx(np.mean(loop), abs=0.03)
    assert draws.std() == pytest.approx(np.std(loop), rel=0.05)


def test_people_cancel_in_pairs() -> None:
    random = np.random.default_rng(4)
    person = 10 * random.normal(size=(100, 1))
    baseline = person + 0.01 * random.normal(size=(100, 3))
    found = of(table_of(baseline + 1, baseline))
    assert found.estimate == pytest.approx(1) and found.high - found.low < 1e-9
    shuffled = of(table_of(random.permutation(baseline) + 1, baseline))
    assert shuffled.high - shuffled.low > 1


def test_the_wider_interval_is_given() -> None:
    seeds_differ = np.broadcast_to(np.array([0.0, 1.0, 2.0]), (50, 3))
    found = of(table_of(seeds_differ, np.zeros((50, 3))))
    assert (found.low, found.high) == pytest.approx(1 + np.array([-1, 1]) * stats.t.ppf(0.975, 2) / np.sqrt(3))
    people_differ = np.broadcast_to(np.linspace(0, 2, 50)[:, None], (50, 3))
    found = of(table_of(people_differ, np.zeros((50, 3))))
    assert found.high - found.low == pytest.approx(3.92 * np.linspace(0, 2, 50).std() / np.sqrt(50), rel=0.05)


def test_only_people_and_seeds_of_both_are_compared() -> None:
    treated, baseline = np.ones((4, 3)), np.zeros((4, 3))
    treated[0] = np.nan  # a person who was left out
    treated[1, 2] = np.nan
    baseline[:, 0] = 5.0  # a seed that only the baseline has once it is dropped below
    treated[:, 0] = np.nan
    found = of(table_of(treated, baseline))
    assert (found.estimate, found.units, found.seeds) == (1.0, 3, 2)
    with pytest.raises(NoRowsError, match="must share people and seeds, got none in common"):
        of(table_of(np.array([1.0, np.nan]), np.array([np.nan, 1.0])))
    with pytest.raises(ValueError, match="an interval must come from at least 2 people or seeds"):
        of(table_of(np.ones((1, 1)), np.zeros((1, 1))))


def test_a_column_that_is_left_open_is_named() -> None:
    table = table_of(np.ones((2, 2)), np.zeros((2, 2)))
    both = pd.concat([table.astype(object).assign(loss=loss) for loss in ("logit", "margin")])
    with pytest.raises(ValueError, match="a unit must stand once in a seed, got several values: say which loss"):
        of(tidy(both))


def test_rows_by_person_come_before_their_sum_and_the_last_step_counts() -> None:
    by_person = table_of(np.ones((3, 2)), np.zeros((3, 2))).assign(steps=200)
    early = table_of(np.full((3, 2), 9.0), np.zeros((3, 2))).assign(steps=50)
    sums = table_of(np.full(2, 7.0), np.zeros(2)).assign(steps=200)
    table = tidy(pd.concat([frame.astype(object) for frame in (by_person, early, sums)], ignore_index=True))
    assert of(table).estimate == 1.0
    assert intervals(table, "acc1", ["strength"], {"strength": -0.2, "steps": 50})["value"].tolist() == [9.0]


def both(table: pd.DataFrame) -> list[pd.DataFrame]:
    return [select(table, measure="acc1", strength=strength) for strength in (-0.2, 0.0)]


def test_a_relative_change_and_what_it_cannot_do() -> None:
    found = paired(both(table_of(np.full((5, 3), 0.2), np.full((5, 3), 0.8))), np.divide)
    assert (found.estimate, found.low, found.high) == pytest.approx((0.25,) * 3)
    with pytest.raises(compare.BaselineError, match="must have a baseline above 0"):
        paired(both(table_of(np.ones((5, 3)), np.zeros((5, 3)))), np.divide)


def test_medians_are_not_moved_by_what_never_stops() -> None:
    random = np.random.default_rng(5)
    treated, baseline = (level + random.normal(size=(5, 40)) for level in (1.0, 0.0))
    treated[0, :10] = 1e6
    rows = both(table_of(treated, baseline))
    found = paired(rows, np.subtract, median=True)
    assert found.estimate == pytest.approx(np.median(treated) - np.median(baseline))
    assert 0.5 < found.low < found.high < 1.5 and (found.units, found.seeds) == (5, 40)
    fixed = paired(rows, np.subtract, units_fixed=True)
    assert fixed.low == pytest.approx(stats.ttest_rel(treated.mean(0), baseline.mean(0)).confidence_interval().low)


@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize("world", [WORLDS[2], WORLDS[7]], ids=lambda world: world.name)
def test_the_interval_holds_the_truth(world, seeds) -> None:
    found = covered(world, seeds, 200, np.random.default_rng(seeds))
    assert found["wider"] >= 0.93 and min(found["bootstrap"], found["Student"]) < found["wider"]


def test_intervals_have_a_row_for_each_combination_and_none_for_a_value_alone() -> None:
    units = pd.DataFrame({"measure": "hit", "loss": ["a", "a", "b", "b"], "seed": 1, "unit": [0, 1, 0, 1]})
    table = units.assign(steps=np.nan, value=[0.0, 1.0, 1.0, 1.0])
    whole = pd.DataFrame({"measure": ["margin"], "loss": ["a"], "seed": [1], "value": [3.0]})
    table = tidy(pd.concat([table, whole], ignore_index=True).assign(study="s", world="w"))
    hits = intervals(table, "hit", ["loss"]).set_index("loss")
    assert hits["value"].tolist() == [0.5, 1.0] and hits["low"]["b"] == 1 and hits["low"]["a"] == 0
    assert hits[["units", "seeds"]].to_numpy().tolist() == [[2, 1], [2, 1]]
    (row,) = intervals(table, "margin", ["loss"]).itertuples()
    assert (row.loss, row.value, row.units, row.seeds) == ("a", 3.0, 0, 1) and np.isnan(row.low)
