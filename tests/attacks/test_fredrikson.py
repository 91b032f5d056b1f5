"""Inversion in image space, on a target whose gradient is known."""

from typing import Any

import pytest
import torch
from quarters import Quarters, same, shades
from test_every_attack import attack as attack_by

from mia_kit.access import WhiteBox
from mia_kit.attacks import Reconstructions, lack_of_confidence
from mia_kit.attacks.losses import Loss, cross_entropy


def attack(
    targets: list[int], model: Quarters | None = None, *, loss: Loss = cross_entropy, **changes: Any
) -> Reconstructions:
    return attack_by("fredrikson", WhiteBox(model or Quarters(scale=2)), targets, loss=loss, changes=changes)


@pytest.mark.parametrize("loss", [cross_entropy, lack_of_confidence])
def test_reaches_its_target(loss: Loss) -> None:
    """On a linear model descent whitens the quarter of the target and leaves the others black, as the paper's did."""
    found = attack([2, 0], loss=loss)
    assert torch.equal(shades(found.images).argmax(dim=1), found.targets)
    assert (found.scores > 0.95).all()
    assert 0 <= found.codes.min() <= found.codes.max() <= 1
    assert torch.allclose(found.scores, Quarters(scale=2)(found.images).softmax(1)[[0, 1], [2, 0]], atol=1e-6)


def test_trace_against_a_plain_loop() -> None:
    found = attack([1], steps=4, learning_rate=0.5)
    pixels = torch.zeros(1, 1, 8, 8, requires_grad=True)
    for step in range(4):
        loss = torch.nn.functional.cross_entropy(Quarters(scale=2)(2 * pixels - 1), torch.tensor([1]))
        (gradient,) = torch.autograd.grad(loss, pixels)
        assert found.trace.losses[step, 0].item() == pytest.approx(loss.item(), abs=1e-6)
        assert found.trace.gradient_norms[step, 0].item() == pytest.approx(gradient.norm().item(), rel=1e-5)
        if step < 3:  # four pictures are looked at, the black one first
            pixels = (pixels - 0.5 * gradient).clamp(0, 1).detach().requires_grad_()
    assert torch.allclose(found.codes, pixels.detach(), atol=1e-6)
    assert found.trace.gradient_cosines[0].isnan().all()
    assert found.trace.gradient_cosines[1:].isfinite().all()


def test_stops_at_the_confidence() -> None:
    model = Quarters(scale=2)
    found = attack([0, 1], model, stop=0.6)
    steps = (~found.trace.losses.isnan()).sum(dim=0)
    assert (steps < 60).all()
    assert (found.scores >= 0.6).all()
    assert (found.trace.losses[steps - 2, [0, 1]].neg().exp() < 0.6).all()
    assert found.queries == sum(model.log.batches) == 1 + int(steps.sum())


def test_stops_when_nothing_is_gained_and_returns_the_best() -> None:
    """A loss that says it falls where it rises: the smallest is returned, which is the first, and not the last."""

    def uphill(logits, targets):
        losses = cross_entropy(logits, targets)
        return 2 * losses.detach() - losses

    found = attack([3], Quarters(scale=50), loss=uphill, learning_rate=0.01, patience=5)
    steps = int((~found.trace.losses.isnan()).sum())
    losses = found.trace.losses[:steps, 0]
    assert steps == 6
    assert losses[5] >= losses[:5].max()
    assert found.scores.log().neg().item() == pytest.approx(losses.min().item(), abs=1e-4)
    assert (found.codes == 0).all()


def test_finished_pictures_leave_the_batch_and_the_others_do_not_notice() -> None:
    class Uneven(Quarters):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return super().forward(images) * torch.tensor([3.0, 1.0, 1.0, 1.0])

    model = Uneven(scale=2)
    together = attack([0, 1, 2], model, stop=0.9)
    steps = (~together.trace.losses.isnan()).sum(dim=0)
    assert len(steps.unique()) > 1
    assert together.queries == sum(model.log.batches) == 1 + int(steps.sum())
    assert same(attack([1], Uneven(scale=2), stop=0.9), together, slice(1, 2))
    assert same(attack([0, 1, 2], Uneven(scale=2), stop=0.9, batch_size=2), together)
