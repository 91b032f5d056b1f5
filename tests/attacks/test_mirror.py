"""MIRROR with gradients and with confidences, on a prior and a target whose best answers are known."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from quarters import FlatPrior, Quarters
from test_every_attack import attack as attack_by
from torch import Generator, Tensor

from mia_kit.access import ConfidenceAPI, WhiteBox
from mia_kit.attacks import Reconstructions
from mia_kit.attacks.mirror import GeneticSettings, Region, breed, ramp, region_of, to_codes, to_p
from mia_kit.models.priors import sample_latents
from mia_kit.training.seeds import generators_for


def white(targets: list[int], model: Quarters | None = None, *, seed: int = 0, **changes: Any) -> Reconstructions:
    return attack_by("mirror", WhiteBox(model or Quarters()), targets, seed=seed, changes=changes)


def black(targets: list[int], model: Quarters | None = None, *, seed: int = 0, **changes: Any) -> Reconstructions:
    return attack_by("mirror black", ConfidenceAPI(model or Quarters(scale=2)), targets, seed=seed, changes=changes)


def pool_region() -> tuple[Tensor, Region]:
    pool = sample_latents(FlatPrior(), 40, seed=0)
    return pool, region_of(pool)


@pytest.mark.parametrize("attack", [white, black])
def test_comes_near_to_the_best_of_the_region(attack: Callable[..., Reconstructions]) -> None:
    found = attack([2, 0, 3], Quarters(scale=2))
    assert (found.scores > 0.9 * best_confidences()[found.targets]).all()
    confidences = Quarters(scale=2)(found.images).softmax(dim=1)
    assert torch.allclose(found.scores, confidences[torch.arange(3), found.targets], atol=1e-6)


def best_confidences() -> Tensor:
    """Confidence in each class at the corner of the region that is best for it."""
    _, region = pool_region()
    corners = torch.where(torch.eye(4).bool(), region.mean + region.std, region.mean - region.std)
    return Quarters(scale=2)(FlatPrior().synthesise(to_codes(corners))).softmax(dim=1).diagonal()


@pytest.mark.parametrize("attack", [white, black])
def test_start_is_the_most_confident_of_the_pool(attack: Callable[..., Reconstructions]) -> None:
    found = attack([1, 3], steps=0) if attack is white else attack([1, 3], generations=0, stop=1e-9)
    pool = sample_latents(FlatPrior(), 40, seed=0)
    expected = Quarters()(FlatPrior().synthesise(pool)).softmax(dim=1)[:, [1, 3]].argmax(dim=0)
    clipped = pool if attack is white else to_codes(region_of(pool).clip(to_p(pool)))
    assert torch.equal(found.codes, clipped[expected])


@pytest.mark.parametrize("attack", [white, black])
def test_clipping_keeps_p_inside(attack: Callable[..., Reconstructions]) -> None:
    """At its border, too: nothing else would keep it there."""
    pool, region = pool_region()
    reach = ((to_p(attack([0, 1, 2, 3]).codes) - region.mean).abs() - region.std).max().item()
    assert -1e-5 < reach < 1e-5 and ((to_p(pool) - region.mean).abs() - region.std).max() > 0.1


def test_the_space_of_p() -> None:
    codes = torch.tensor([[-0.2, 0.0, 3.0]])
    assert torch.allclose(to_p(codes), torch.tensor([[-1.0, 0.0, 3.0]]))
    assert torch.allclose(to_codes(to_p(codes)), codes)
    region = region_of(torch.tensor([[-0.2, 1.0], [-0.4, 3.0], [-0.6, 5.0]]))
    assert torch.allclose(region.mean, torch.tensor([-2.0, 3.0]))
    assert torch.allclose(region.std, torch.tensor([1.0, 2.0]))
    assert torch.allclose(region.clip(torch.tensor([[0.0, 0.0]])), torch.tensor([[-1.0, 1.0]]))


def test_trace_against_a_plain_loop() -> None:
    found = white([3], steps=4)
    _, region = pool_region()
    code = white([3], steps=0).codes.requires_grad_()
    adam = torch.optim.Adam([code])
    for step in range(4):
        loss = torch.nn.functional.cross_entropy(Quarters()(FlatPrior().synthesise(code)), torch.tensor([3]))
        adam.zero_grad()
        loss.backward()
        assert code.grad is not None
        assert found.trace.losses[step, 0].item() == pytest.approx(loss.item(), abs=1e-5)
        assert found.trace.gradient_norms[step, 0].item() == pytest.approx(code.grad.norm().item(), rel=1e-4)
        adam.param_groups[0]["lr"] = 0.25 * ramp(step / 4)
        adam.step()
        with torch.no_grad():
            code.copy_(to_codes(region.clip(to_p(code))))
    assert torch.allclose(found.codes, code.detach(), atol=1e-5)


def test_elitism_never_loses_the_best() -> None:
    found = black([0, 1, 2], mutation=1.0, noise=3.0)  # children are mostly worse
    losses = found.trace.losses
    assert losses.shape == (15, 3)
    assert (losses[1:] <= losses[:-1]).all()
    assert (1 - found.scores <= losses[-1]).all()
    assert (losses[1:] == losses[:-1]).any()
    assert found.trace.gradient_norms.isnan().all()


def test_fitness_must_be_a_probability() -> None:
    """A child of a good and a bad parent takes most of the good one; with log-probabilities it would be the bad one."""
    settings = GeneticSettings(pool=2, population=2, mutation=0)
    p, region = torch.stack([torch.ones(5000), torch.zeros(5000)])[None], Region(torch.zeros(5000), torch.ones(5000))
    fitness = torch.tensor([[0.8, 0.2]])
    mixed = [
        child.mean().item()
        for seed in range(40)
        for child in breed(p, fitness, region, settings, generators_for([seed], seed=0))[0]
    ]
    # Both parents are drawn alike or unlike; unlike ones mix to 0.8 (never 0.2).
    assert all(min(abs(mean - wanted) for wanted in (0, 0.8, 1)) < 0.03 for mean in mixed)
    assert any(abs(mean - 0.8) < 0.03 for mean in mixed)
    assert sum(mean > 0.97 for mean in mixed) > sum(mean < 0.03 for mean in mixed)
    with pytest.raises(ValueError, match=r"fitness must be confidences in \[0, 1\], got values from -1.61 to -0.223"):
        breed(p, fitness.log(), region, settings, [Generator()])
    a, b = fitness.log()[0].tolist()
    assert a / (a + b) < 0.5  # the mistake


def test_mutation_is_rare_and_small() -> None:
    settings = GeneticSettings(pool=2, population=2)
    p, region = torch.zeros(1, 2, 20000), Region(torch.zeros(20000), 3 * torch.ones(20000))
    child = breed(p, torch.tensor([[0.5, 0.5]]), region, settings, generators_for([0], seed=0))
    changed = child[child != 0]
    assert len(changed) / child.numel() == pytest.approx(0.1, abs=0.01)
    assert changed.std().item() == pytest.approx(0.3, abs=0.02)


def test_finished_classes_leave_the_batch() -> None:
    """A class stops at the confidence that was asked for; the others go on in smaller calls."""
    model = Quarters(scale=2)
    found = black([0, 1, 2, 3], model, stop=0.93, seed=2, generations=30)
    generations = (~found.trace.losses.isnan()).sum(dim=0)
    assert len(generations.unique()) > 1
    assert (found.scores >= 0.93).all()
    last = found.trace.losses[generations - 1, torch.arange(4)]
    assert (last > 1 - 0.93)[generations > 0].all()  # 0: the pool already held such a code
    assert found.queries == sum(model.log.batches) == 1 + 40 + 4 * 10 + 9 * int(generations.sum())
    together = black([0, 1], model)
    assert model.log.batches[-15:] == [18] * 15 and together.queries == 1 + 40 + 2 * (10 + 15 * 9)  # one call for both
