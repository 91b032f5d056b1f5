"""Losses made for one target: closed forms, gradients, and what each is blind to."""

import pytest
import torch
from torch import nn

from mia_kit.access import WhiteBox
from mia_kit.attacks.adaptive_losses import Boundary, Tempered, adapted
from mia_kit.attacks.losses import cross_entropy, margin, others_down
from mia_kit.models import SmallClassifier

RANDOM = torch.Generator().manual_seed(0)
HEAD = nn.Linear(4, 5).double().requires_grad_(False)
FEATURES = torch.randn(6, 4, dtype=torch.float64, generator=RANDOM)
TARGETS = torch.tensor([0, 4, 2, 2, 1, 3])


def test_two_classes_by_hand() -> None:
    """w = (3, 4) and (0, 0): the plane is 5 away for each unit of the margin's 25."""
    loss = Boundary(torch.tensor([[3.0, 4.0], [0.0, 0.0]], dtype=torch.float64))
    logits = torch.tensor([[25.0, 0.0], [-5.0, 0.0]], dtype=torch.float64)
    assert loss(logits, torch.tensor([0, 0])).tolist() == [-5.0, 1.0]
    assert loss(logits, torch.tensor([1, 1])).tolist() == [5.0, -1.0]


def test_a_step_as_long_as_the_distance_ends_on_the_boundary() -> None:
    """From inside its class each row is moved straight to the nearest plane: the two greatest logits become one."""
    logits = HEAD(FEATURES)
    own = logits.argmax(dim=1)
    features = FEATURES.clone().requires_grad_()
    losses = Boundary(HEAD.weight)(HEAD(features), own)
    (direction,) = torch.autograd.grad(losses.sum(), features)
    torch.testing.assert_close(direction.norm(dim=1), torch.ones(6, dtype=torch.float64))
    moved = HEAD(FEATURES + direction * -losses.detach()[:, None])
    assert (losses < 0).all()
    torch.testing.assert_close(moved.gather(1, own[:, None]).squeeze(1), moved.topk(2).values[:, 1])


def test_blown_up_weights_change_the_margin_and_not_the_distance() -> None:
    logits, grown = HEAD(FEATURES), 7 * HEAD(FEATURES)
    torch.testing.assert_close(Boundary(7 * HEAD.weight)(grown, TARGETS), Boundary(HEAD.weight)(logits, TARGETS))
    torch.testing.assert_close(margin(grown, TARGETS), 7 * margin(logits, TARGETS))


def test_infinite_logits_and_half_precision() -> None:
    loss = Boundary(torch.tensor([[3.0, 4.0], [0.0, 0.0], [3.0, 0.0]]))
    logits = torch.tensor([[25.0, -torch.inf, 5.0], [-torch.inf, 0.0, 0.0]])
    assert loss(logits, torch.tensor([0, 0])).tolist() == [-5.0, torch.inf]
    assert loss(logits.half(), torch.tensor([0, 0])).dtype == torch.float32


def test_a_temperature_wakes_a_saturated_softmax() -> None:
    logits = torch.tensor([[60.0, 0.0, 0.0]], dtype=torch.float64, requires_grad=True)
    target = torch.tensor([0])
    (cold,) = torch.autograd.grad(cross_entropy(logits, target).sum(), logits)
    (warm,) = torch.autograd.grad(Tempered(cross_entropy, 10.0)(logits, target).sum(), logits)
    assert cold.abs().max() < 1e-20 < 1e-4 < warm.abs().max()
    expected = torch.tensor(2.0, dtype=torch.float64) / (torch.tensor(6.0).double().exp() + 2) / 10
    assert -warm[0, 0].item() == pytest.approx(expected.item())


def test_adapted_to_a_target() -> None:
    model = SmallClassifier(1, 3, seed=0)
    access = WhiteBox(model)
    own = adapted(access, "boundary")
    assert isinstance(own, Boundary) and torch.equal(own.weight, model.head.weight)
    assert adapted(access, "others_down") is others_down
    warm = adapted(access, "boundary", temperature=4.0)
    logits = torch.randn(2, 3, generator=RANDOM)
    torch.testing.assert_close(warm(logits, TARGETS[2:4]), own(logits, TARGETS[2:4]) / 4)
