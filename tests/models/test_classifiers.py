"""Both classifiers for small pictures: shapes, seeds, and what they refuse."""

import numpy as np
import pytest
import torch

from mia_kit.models import ResidualClassifier, SmallClassifier, predict

both = pytest.mark.parametrize("kind", [SmallClassifier, ResidualClassifier])


@both
@pytest.mark.parametrize(("channels", "size"), [(1, (48, 40)), (3, (64, 64)), (1, (16, 16)), (3, (33, 51))])
def test_features_and_logits_have_their_shapes(kind, channels, size):
    model = kind(channels, 7, seed=0, width=4)
    images = torch.randn(5, channels, *size)
    features, logits = model.features(images), model.logits(images)
    assert features.shape == (5, 32) and logits.shape == (5, 7)
    assert features.min() >= 0 and features.std() > 0


@both
def test_logits_are_one_linear_layer_on_the_features(kind):
    model = kind(1, 7, seed=0, width=4).eval()
    images = torch.randn(5, 1, 32, 32)
    expected = model.features(images) @ model.head.weight.T + model.head.bias
    torch.testing.assert_close(model.logits(images), expected)
    torch.testing.assert_close(model(images), expected)


@both
def test_the_seed_sets_the_weights_and_leaves_global_random_numbers_alone(kind):
    state = torch.get_rng_state()
    one, same, other = (kind(1, 5, seed=seed, width=4) for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    assert not torch.equal(one.head.weight, other.head.weight)
    assert not torch.equal(next(one.body.parameters()), next(other.body.parameters()))


@both
def test_predict_agrees_with_the_model_in_evaluation_mode_and_restores_its_mode(kind):
    model = kind(1, 5, seed=0, width=4)
    images = torch.rand(7, 1, 20, 20) * 2 - 1
    features, classes = predict(model, images, batch_size=3)
    assert model.training
    model.eval()
    with torch.no_grad():
        torch.testing.assert_close(torch.from_numpy(features), model.features(images), atol=1e-5, rtol=1e-5)
        assert classes.tolist() == model(images).argmax(dim=1).tolist()


@both
def test_what_does_not_fit_is_refused(kind):
    with pytest.raises(ValueError, match="channels must be one of 1, 3, got 2"):
        kind(2, 5, seed=0)
    with pytest.raises(ValueError, match="classes must be at least 2, got 1"):
        kind(1, 1, seed=0)
    for width, error in ((0, ValueError), (-4, ValueError), (4.0, TypeError), (True, TypeError)):
        with pytest.raises(error, match="width must be"):
            kind(1, 5, seed=0, width=width)
    model = kind(np.int64(1), np.int64(5), seed=0, width=np.int64(4))
    with pytest.raises(ValueError, match=r"\(n, 1, h, w\).*got \(2, 3, 32, 32\)"):
        model(torch.zeros(2, 3, 32, 32))
    with pytest.raises(ValueError, match=r"at least 16, got \(2, 1, 8, 8\)"):
        model(torch.zeros(2, 1, 8, 8))
