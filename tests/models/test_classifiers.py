"""Both classifiers for small pictures: shapes, seeds, and what they refuse."""

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
def test_predict_agrees_with_the_model_in_evaluation_mode_and_restores_its_mode(kind):
    model = kind(1, 5, seed=0, width=4)
    images = torch.rand(7, 1, 20, 20) * 2 - 1
    features, classes = predict(model, images, batch_size=3)
    assert model.training
    model.eval()
    with torch.no_grad():
        torch.testing.assert_close(torch.from_numpy(features), model.features(images), atol=1e-5, rtol=1e-5)
        assert classes.tolist() == model(images).argmax(dim=1).tolist()
