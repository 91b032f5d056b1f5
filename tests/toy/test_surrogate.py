"""The surrogate's cloud, distances by hand, and one model whose inversion lands on the surrogate beside the start."""

import numpy as np
import pytest
import torch

from mia_kit.toy import GridInversions, ToyData, invert_grid, make_data, train_grid
from mia_kit.toy.surrogate import landings, surrogate_cloud


def test_cloud_is_around_its_place_and_seeded():
    cloud = surrogate_cloud((3, -5), 2000, seed=1)
    assert cloud.mean(dim=0).tolist() == pytest.approx([3, -5], abs=0.15)
    assert cloud.std(dim=0).tolist() == pytest.approx([1.6, 1.6], abs=0.1)
    assert torch.equal(cloud, surrogate_cloud((3, -5), 2000, seed=1))
    assert not torch.equal(cloud, surrogate_cloud((3, -5), 2000, seed=2))
    assert surrogate_cloud((16, 16), 50, seed=0).max() == 16


def test_landings_by_hand():
    ends = np.array([[[[0.0, 0], [10, 0]], [[4, 3], [0, 0]]]], dtype=np.float32)  # (1, 2 seeds, 2 starts, 2)
    shape = np.zeros((1, 2, 2))
    inversions = GridInversions((0.0,), (0, 1), ((0.0, 0.0), (1.0, 1.0)), shape, shape, shape, ends)
    found = landings(inversions, torch.zeros(1, 2), [torch.tensor([[10.0, 0], [90, 90]]), torch.tensor([[4.0, 0]])])
    assert found.to_protected.tolist() == [[0, 10], [5, 0]]
    assert found.to_surrogate.tolist() == [[10, 0], [3, 4]]
    assert found.on_surrogate.tolist() == [[False, True], [True, False]]
    with pytest.raises(ValueError, match="got 1 factors, 2 seeds and 1 surrogates instead"):
        landings(inversions, torch.zeros(1, 2), [torch.zeros(1, 2)])
    with pytest.raises(ValueError, match="points of a cloud must be finite, got 2 of 2"):
        landings(inversions, torch.zeros(1, 2), [torch.zeros(1, 2), torch.full((1, 2), torch.nan)])


def test_a_point_of_a_cloud_lies_on_it():
    cloud = surrogate_cloud((10, 10), 200, seed=0)
    shape = np.zeros((1, 1, 200))
    ends = cloud.numpy()[None, None]
    found = landings(GridInversions((0.0,), (0,), ((0.0, 0.0),), shape, shape, shape, ends), cloud + 5, [cloud])
    assert (found.to_surrogate == 0).all()


def test_the_attack_lands_on_a_surrogate_in_its_way():
    """From (0, -10) to class 2 at (10, 10): a surrogate at (14, -10) is nearer, and without it nobody goes there."""
    data, place = make_data(90), (14.0, -10.0)
    clouds = [surrogate_cloud(place, 30, seed=seed) for seed in (0, 1)]
    added = [ToyData(torch.cat([data.points, c]), torch.cat([data.labels, torch.full((30,), 2)])) for c in clouds]
    for own, expected in ((added, True), ([data, data], False)):
        grid = train_grid((0.0,), (0, 1), own, steps=400, progress=False)
        inversions = invert_grid(grid, ((4.0, -10.0),), max_steps=1500)
        found = landings(inversions, data.of_class(2), clouds)
        assert (found.on_surrogate == expected).all()
