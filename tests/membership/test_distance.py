"""Distance-to-confident where it is known: a hyperplane, a sphere, an ellipse searched by brute force."""

import math

import pytest
import torch
from torch import Tensor, nn

from mia_kit.access import WhiteBox
from mia_kit.membership import distance


def points(n: int, *, seed: int = 0, spread: float = 1.0) -> Tensor:
    """Points of the plane, up to `spread` from 0 each way, as pictures of 1 x 2 pixels."""
    return (torch.rand(n, 1, 1, 2, generator=torch.Generator().manual_seed(seed)) * 2 - 1) * spread


class Ellipse(nn.Module):
    """Two classes: the logit of class 0 is x^2 a + y^2 b, of class 1 it is 0."""

    def __init__(self, a: float, b: float) -> None:
        super().__init__()
        self.curve = nn.Parameter(torch.tensor([a, b]))

    def forward(self, images: Tensor) -> Tensor:
        first = (images.flatten(1).square() * self.curve).sum(dim=1)
        return torch.stack([first, torch.zeros_like(first)], dim=1)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.9999])
def test_linear_classifier_of_two_classes_has_the_distance_to_a_hyperplane(confidence: float) -> None:
    random = torch.Generator().manual_seed(1)
    linear = nn.Linear(12, 2)
    linear.weight.data = 2 * torch.randn(2, 12, generator=random)
    images = torch.rand(50, 3, 2, 2, generator=random) * 2 - 1
    labels = torch.arange(50) % 2
    weight = (linear.weight[1] - linear.weight[0]).detach()
    gap = images.flatten(1) @ weight + (linear.bias[1] - linear.bias[0]).detach()
    lack = math.log(confidence / (1 - confidence)) - torch.where(labels == 1, gap, -gap)
    wanted = lack / weight.norm()  # below 0 on the far side
    access = WhiteBox(nn.Sequential(nn.Flatten(), linear))
    found = distance.run(access, images, labels, confidence=confidence, batch_size=16)
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-4)
    assert 0 < (found < 0).sum() == (lack < 0).sum() < 50


def test_ellipse_seen_from_outside_against_brute_force() -> None:
    """Class 1 is confident inside an ellipse: a point's nearest one is where the first gradient does not lead."""
    images = points(40, seed=2)
    level = math.log(0.2 / 0.8)
    angle = torch.linspace(0, 2 * math.pi, 20_001)
    border = torch.stack([angle.cos() * math.sqrt(-level / 9.0), angle.sin() * math.sqrt(-level / 36.0)], dim=1)
    flat = images.flatten(1)
    outside = (flat.square() * torch.tensor([9.0, 36.0])).sum(dim=1) > -level
    wanted = torch.cdist(flat, border).min(dim=1).values
    found = distance.run(WhiteBox(Ellipse(9.0, 36.0)), images, torch.ones(40, dtype=torch.long), confidence=0.2)
    assert outside.sum() > 20 and (~outside).sum() > 0 and torch.equal(found > 0, outside)
    assert (found.abs() >= wanted - 1e-3).all()
    assert (found.abs() <= wanted * 1.05 + 1e-3).float().mean() > 0.9


def test_a_confidence_that_is_out_of_reach_is_infinitely_far() -> None:
    flat = nn.Sequential(nn.Flatten(), nn.Linear(2, 2))
    nn.init.zeros_(flat[1].weight)
    nn.init.zeros_(flat[1].bias)
    found = distance.run(WhiteBox(flat), points(4), torch.zeros(4, dtype=torch.long), confidence=0.9)
    assert found.tolist() == [math.inf] * 4
    found = distance.run(WhiteBox(flat), points(4), torch.zeros(4, dtype=torch.long), confidence=0.3)
    assert found.tolist() == [-math.inf] * 4


def test_a_model_that_answers_nothing_is_not_far_away() -> None:
    """NaN is at no surplus: the search would end with infinity, the best protection there is."""
    broken = nn.Sequential(nn.Flatten(), nn.Linear(2, 2))
    nn.init.constant_(broken[1].weight, float("nan"))
    with pytest.raises(ValueError, match="log odds must be finite, got 4 of 4"):
        distance.run(WhiteBox(broken), points(4), torch.zeros(4, dtype=torch.long))
