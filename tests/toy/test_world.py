"""The plain toy: its data, the paper's three rows, and bad input."""

import pytest
import torch

from mia_kit.toy import ToyClassifier, distance_to_class, invert, load_table, make_data, train

PAPER = {0.0: (763, 3.23), 0.05: (3113, 0.65), -0.05: (53, 6.75)}


@pytest.fixture(scope="module")
def table():
    return load_table()


def test_data_are_the_papers_three_clouds():
    data = make_data()
    assert data.points.shape == (500, 2)
    assert data.labels.bincount().tolist() == [167, 167, 166]
    for index, centre in enumerate([(0, -10), (-10, 10), (10, 10)]):
        torch.testing.assert_close(
            data.of_class(index).mean(dim=0), torch.tensor(centre, dtype=torch.float32), atol=0.5, rtol=0
        )


@pytest.mark.parametrize("smoothing", PAPER)
def test_papers_rows(table, smoothing):
    steps, distance = PAPER[smoothing]
    path = invert(table.model(smoothing, 42))
    assert path.stopped
    assert path.steps == pytest.approx(steps, rel=0.02)
    assert path.distance == pytest.approx(distance, abs=0.02)


def test_path_is_gradient_descent(table):
    model = table.model(-0.05, 42)
    path = invert(model)
    assert path.points.shape == (path.steps + 2, 2)
    assert path.confidences.shape == (path.steps + 2,)
    assert path.gradient_norms.shape == (path.steps + 1,)
    moved = (path.points[1:] - path.points[:-1]).norm(dim=1)
    torch.testing.assert_close(moved, 0.1 * path.gradient_norms, rtol=1e-3, atol=1e-5)
    assert (path.confidences[: path.steps] <= 0.95).all() and path.confidences[path.steps] > 0.95
    nearest = (make_data().of_class(2) - path.result).norm(dim=1).min()
    assert path.distance == pytest.approx(float(nearest), abs=1e-6)


def test_where_it_stops(table):
    path = invert(table.model(-0.05, 42), max_steps=80, stop_confidence=1)  # which is never passed
    assert (path.steps, path.stopped, len(path.points)) == (80, False, 81)
    path = invert(table.model(0.0, 42), start=(10, 10))  # confident already
    assert path.stopped and path.steps == 0 and path.distance < 1


def test_training_learns_and_is_seeded():
    data = make_data()
    first, again, other = (train(0.0, seed=seed, data=data, steps=150) for seed in (3, 3, 4))
    assert (first(data.points).argmax(dim=1) == data.labels).float().mean() > 0.95
    torch.testing.assert_close(first.head.weight, again.head.weight, rtol=0, atol=0)
    assert (first.head.weight - other.head.weight).abs().max() > 0.01


def test_classifier_leaves_the_global_random_state_alone_and_its_features_are_the_penultimate_layer():
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    model = ToyClassifier(seed=9).eval()
    assert torch.rand(1) == expected
    points = make_data().points[:4]
    torch.testing.assert_close(model.head(model.features(points)), model(points))
    assert model.features(points).shape == (4, 20)


def test_distance_to_class_and_too_few_points():
    data = make_data()
    points = data.of_class(1)
    assert (distance_to_class(points, 1, data) == 0).all() and (distance_to_class(points, 2, data) > 5).all()
    with pytest.raises(ValueError, match="steps must be at least 0, got -5"):
        train(0.0, steps=-5)
    with pytest.raises(ValueError, match="points of class 7 must be at least 1, got 0"):
        distance_to_class(torch.zeros(1, 2), 7, make_data(9))
    assert distance_to_class(torch.tensor([[torch.nan, 0.0]]), 2, make_data(9)).isinf().all()
    with pytest.raises(ValueError, match="n must be at least 3"):
        make_data(n=2)
