"""Shadow models trained as one network are those that `fit` gives one after another."""

import pytest
import torch
from torch import Tensor

from mia_kit.membership import fit_shadows, half_memberships
from mia_kit.models import SmallClassifier
from mia_kit.training import fit


def noise(n: int, channels: int = 1) -> tuple[Tensor, Tensor]:
    """Pictures of noise with labels of no meaning: a network can only learn them by heart."""
    images = torch.rand(n, channels, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return images, torch.arange(n) % 3


def test_halves_are_even_both_ways() -> None:
    members = half_memberships(20, 6, seed=0)
    assert members.shape == (6, 20) and (members.sum(axis=1) == 10).all() and (members.sum(axis=0) == 3).all()
    assert (members[0] == ~members[1]).all() and not (members[0] == members[2]).all()
    assert (members == half_memberships(20, 6, seed=0)).all() and (members != half_memberships(20, 6, seed=1)).any()
    for bad in ((21, 6), (20, 5), (0, 2)):
        with pytest.raises(ValueError, match="must be"):
            half_memberships(*bad, seed=0)


@pytest.mark.parametrize("channels", [1, 3])
def test_each_model_is_the_one_that_fit_gives_alone(channels: int) -> None:
    images, labels = noise(24, channels)
    members = half_memberships(24, 4, seed=0)
    settings = {"epochs": 3, "batch_size": 6, "progress": False}
    together = fit_shadows(images, labels, members, seed=5, classes=3, width=4, stack=3, **settings)
    assert len(together) == 4
    for k, model in enumerate(together):
        alone = SmallClassifier(channels, 3, seed=5 + k, width=4)
        fit(alone, images[members[k]], labels[members[k]], seed=5, **settings)
        state = model.state_dict()
        for name, part in alone.state_dict().items():
            torch.testing.assert_close(state[name], part, atol=1e-4, rtol=1e-3)
        torch.testing.assert_close(model(images), alone(images), atol=1e-3, rtol=1e-3)
        assert not model.training
    assert not torch.allclose(together[0](images), together[2](images), atol=0.01)
