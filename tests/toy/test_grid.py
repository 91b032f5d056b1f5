"""The batched toy: each model equals the plain one, each attack the plain attack, and the shipped table is true."""

import itertools
import math

import pytest
import torch

from mia_kit.toy import ToyGrid, invert, invert_grid, load_table, load_table_attack, make_data, train, train_grid

FACTORS = (0.3, 0.0, -0.1)


@pytest.fixture(scope="module")
def table():
    return load_table()


@pytest.fixture(scope="module")
def small():
    return train_grid(FACTORS, (1, 7), steps=300, progress=False)


def close(ours, plain, tolerance):
    """Two models of one state, number by number."""
    for name, values in plain.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            torch.testing.assert_close(ours.state_dict()[name], values, rtol=tolerance, atol=tolerance)


def test_each_model_is_the_plain_one(small):
    for smoothing, seed in itertools.product(FACTORS, small.seeds):
        close(small.model(smoothing, seed), train(smoothing, seed, steps=300), 1e-4)


# past a few steps a factor of a million leaves no digit in common
@pytest.mark.parametrize(("steps", "factors"), [(1, (-2.0, -20.0, -1e6, 1.0)), (40, (-2.0, -20.0, 1.0))])
def test_extreme_factors_train_as_the_plain_loop_does(steps, factors):
    grid = train_grid(factors, (42,), steps=steps, progress=False)
    for factor in factors:
        close(grid.model(factor, 42), train(factor, 42, steps=steps), 1e-3)


def test_a_model_that_leaves_float32_says_so_in_both():
    """A variance of 1e40 is infinite in float32, not in training. What else is lost depends on rounding."""
    which = r"smoothing -1000 and seed 42 left the range of float32.*norm2.running_var"
    with pytest.warns(RuntimeWarning, match=which):
        plain = train(-1e3, 42, steps=500)
    with pytest.warns(RuntimeWarning, match=which):
        grid = train_grid((-1e3,), (42,), steps=500, progress=False)
    for variances in (plain.state_dict()["norm2.running_var"], grid.state["norm2.running_var"]):
        assert not variances.isfinite().all()


def test_a_model_with_infinite_variances_answers_by_its_bias_alone():
    grid = train_grid((0.0,), (42,), steps=1, progress=False)
    grid.state["norm2.running_var"].fill_(math.inf)
    distance = invert_grid(grid, max_steps=5).distance[0, 0, 0]
    assert invert(grid.model(0.0, 42), max_steps=5).distance == pytest.approx(distance)


def test_each_seed_can_have_points_of_its_own():
    own = [make_data(60, seed=seed) for seed in (1, 2)]
    grid = train_grid((0.0,), (5, 5), own, steps=100, progress=False)
    for place, data in enumerate(own):
        plain = train(0.0, 5, data, steps=100).state_dict()
        for name in ("linear1.weight", "head.weight"):
            torch.testing.assert_close(grid.state[name][0, place], plain[name], rtol=1e-4, atol=1e-4)
    with pytest.raises(ValueError, match=r"each of 1 seeds, got \[60, 60\] instead"):
        train_grid((0.0,), (5,), own, steps=1, progress=False)
    with pytest.raises(ValueError, match=r"got \[60, 61\] instead"):
        train_grid((0.0,), (5, 6), [own[0], make_data(61)], steps=1, progress=False)


@pytest.mark.slow
def test_table_is_what_training_gives(table):
    """A sample of the shipped table, trained again in full: both ends, the middle, and once by the plain loop."""
    assert len(table.smoothings) == 33 and table.smoothings[0] == -0.3 and table.smoothings[-1] == 0.5
    assert len(table.seeds) == 11 and table.steps == 5000
    again = train_grid((-0.3, 0.1, 0.5), (42, 4), progress=False)
    points = make_data().points
    for factor in again.smoothings:
        for seed in again.seeds:
            ours = table.model(factor, seed)(points).softmax(dim=1)
            torch.testing.assert_close(again.model(factor, seed)(points).softmax(dim=1), ours, rtol=0, atol=2e-3)
    plain = invert(train(-0.05, 42))
    shipped = invert(table.model(-0.05, 42))
    assert plain.steps == pytest.approx(shipped.steps, abs=1)
    assert plain.distance == pytest.approx(shipped.distance, abs=0.02)


def test_attack_on_all_models_is_the_plain_attack(table):
    few = ToyGrid((0.05, -0.05), (42,), 5000, {n: s[[14, 10]][:, :1] for n, s in table.state.items()})
    assert (table.smoothings[14], table.smoothings[10]) == (0.05, -0.05)
    starts = ((-3.0, -10.0), (0.0, 0.0))
    inversions = invert_grid(few, starts, max_steps=1500)
    for i, factor in enumerate(few.smoothings):
        for k, start in enumerate(starts):
            path = invert(few.model(factor, 42), start, max_steps=1500)
            assert inversions.steps[i, 0, k] == pytest.approx(path.steps, abs=2)
            assert inversions.stopped[i, 0, k] == path.stopped
            assert inversions.distance[i, 0, k] == pytest.approx(path.distance, abs=0.02)
            assert inversions.result[i, 0, k] == pytest.approx(path.result.numpy(), abs=0.02)
    assert not inversions.stopped[0, 0, 0] and inversions.stopped[1, 0, 0]


@pytest.mark.slow
def test_shipped_attack_is_what_the_table_gives(table):
    """An attack can tip at a saddle point, so a few may end elsewhere on another processor."""
    shipped, again = load_table_attack(), invert_grid(table).distance[:, :, 0]
    assert shipped.shape == again.shape == (33, 11)
    assert (abs(shipped - again) <= 0.02 + 0.02 * again).mean() > 0.95


def test_folded_weights_compute_the_same_logits(table):
    weights = torch.from_numpy(table.folded()[0, 3].copy())
    first, shift1, second, shift2, head = weights.split([40, 20, 400, 20, 60])
    points = make_data().points[:50]
    hidden = torch.relu(points @ first.view(20, 2).T + shift1)
    features = torch.relu(hidden @ second.view(20, 20).T + shift2)
    expected = table.model(-0.3, table.seeds[3])(points)
    torch.testing.assert_close(features @ head.view(3, 20).T, expected, rtol=1e-3, atol=1e-2)


def test_save_and_load(small, tmp_path):
    small.save(tmp_path / "grid.safetensors")
    again = ToyGrid.load(tmp_path / "grid.safetensors")
    assert (again.smoothings, again.seeds, again.steps) == (FACTORS, (1, 7), 300)
    torch.testing.assert_close(again.state["head.weight"], small.state["head.weight"], rtol=0, atol=0)
