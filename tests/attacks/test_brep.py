"""BREP-MI on a prior and a target where the way to the boundary is known."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from quarters import Quarters, same
from test_every_attack import attack as attack_by
from torch import Tensor, nn

from mia_kit.access import ConfidenceAPI, LabelAPI, WhiteBox
from mia_kit.attacks import Reconstructions
from mia_kit.attacks.brep import Settings, away_from_boundary, first_hits, walk
from mia_kit.training.seeds import generators_for

SMALL = {"input_size": (8, 8), "start_batch": 3, "start_batches": 30, "iterations": 20, "largest_radius": 3.0}


def attack(
    targets: list[int], model: nn.Module | None = None, kind: type = LabelAPI, **changes: Any
) -> Reconstructions:
    return attack_by("brep", kind(model or Quarters()), targets, seed=0, changes=SMALL | changes)


def to_boundary(latents: Tensor, targets: Tensor) -> Tensor:
    """Distance to where another class begins: the target's number leads all others."""
    own = latents.gather(1, targets[:, None])
    others = latents.scatter(1, targets[:, None], float("-inf")).amax(dim=1, keepdim=True)
    return (own - others).squeeze(1) / 2**0.5


def test_walk_ends_inside_and_farther_from_the_boundary() -> None:
    found = attack([2, 0, 3, 1])
    _, starts = first_hits(lambda latents: latents.argmax(dim=1), 4, found.targets, Settings(**SMALL), seed=0)
    before, after = to_boundary(starts, found.targets), to_boundary(found.codes, found.targets)
    assert (before > 0).all()
    assert (after > before + 0.5).all()
    assert torch.allclose(found.scores, torch.tensor(2 * 1.3), atol=1e-5)  # the largest radius up to 3
    assert found.trace.losses.shape == (0, 4)


def test_start_is_the_first_draw_with_the_label() -> None:
    targets = torch.tensor([3, 1])
    places, latents = first_hits(lambda latents: latents.argmax(dim=1), 4, targets, Settings(**SMALL), seed=0)
    generator = torch.Generator().manual_seed(0)
    draws = torch.cat([torch.randn(3, 4, generator=generator) for _ in range(10)])
    labels = draws.argmax(dim=1).tolist()
    assert places.tolist() == [labels.index(3), labels.index(1)]
    assert torch.equal(latents, draws[places])


def test_direction_by_hand() -> None:
    directions = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]]])
    inside = torch.tensor([[True, True, False, False]])
    assert torch.allclose(away_from_boundary(directions, inside), torch.tensor([[0.5**0.5, 0.5**0.5]]))
    # Two inside and one outside count alike: 1/2 of each inside direction, all of the outside one.
    inside = torch.tensor([[True, True, False]])
    assert torch.allclose(away_from_boundary(directions[:, :3], inside), torch.tensor([[1.5, 0.5]]) / 2.5**0.5)
    inside = torch.tensor([[False, False, False]])
    assert torch.allclose(away_from_boundary(directions[:, :3], inside), torch.tensor([[0.0, -1.0]]))


def walk_from(start: list[float], region: Callable[[Tensor], Tensor], **settings: Any) -> tuple[Any, Any, list[Tensor]]:
    """Where a walk ends in a region, by which radius, and what was asked in each of its rounds."""
    rounds: list[Tensor] = []

    def ask(latents: Tensor) -> Tensor:
        rounds.append(latents)
        return region(latents).long()

    latents = torch.tensor([start])
    end, held = walk(ask, latents, torch.tensor([1]), Settings(**settings), generators_for([0], seed=0))
    return end.tolist(), held.tolist(), rounds


def half_plane(latents: Tensor) -> Tensor:
    """Label 1 to the right of 0."""
    return latents[:, 0] > 0


def test_radius_grows_by_the_rule_and_steps_have_their_length() -> None:
    """Far from the boundary each round grows the sphere; beside it a move of min(r / 3, 3) comes first."""
    end, held, rounds = walk_from([50.0, 0.0], half_plane, radius=2.0, largest_radius=2.5)
    assert end == [[50.0, 0.0]] and held == [2.0] and [len(asked) for asked in rounds] == [33]
    assert torch.allclose((rounds[0][1:] - rounds[0][0]).norm(dim=1), torch.tensor(2.0), atol=1e-4)
    for radius, step in ((2.0, 2 / 3), (30.0, 3.0)):
        _, _, rounds = walk_from([0.01, 0.0], half_plane, radius=radius, largest_radius=100.0, rounds=2)
        assert (rounds[1][0] - rounds[0][0]).norm().item() == pytest.approx(step, abs=1e-4)
        assert rounds[1][0, 0] > 0.5  # away from the boundary


def test_a_step_out_of_the_class_is_taken_back() -> None:
    """A strip narrower than any step: nothing holds, and the result stays inside."""
    end, held, _ = walk_from([0.1, 0.0, 0.0], lambda latents: latents[:, 0].abs() < 0.3, iterations=40)
    assert abs(end[0][0]) < 0.3 and held == [0.0]


@pytest.mark.parametrize("limit", [{"iterations": 7}, {"rounds": 7}])
def test_iterations_at_a_radius_and_rounds_are_limited(limit: dict[str, int]) -> None:
    _, _, rounds = walk_from([0.0, 0.0, 0.0], lambda latents: latents.norm(dim=1) < 1e-3, **limit)
    assert [len(asked) for asked in rounds] == [33] * 7


class NeverThree(Quarters):
    """Without class 3, which no picture gets."""

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images) - torch.tensor([0.0, 0.0, 0.0, 1e4])


def test_a_label_that_is_never_hit_is_marked() -> None:
    model = NeverThree()
    found = attack([3, 1, 9], model, start_batches=5)
    assert found.reached.tolist() == found.selected.tolist() == [False, True, False]
    assert found.scores[::2].isnan().all()
    assert found.codes[::2].isnan().all()
    assert (found.images[::2] == 0).all()
    assert found.codes[1].isfinite().all()
    assert model.log.batches[:5] == [3] * 5  # the draws that were looked at
    nothing = attack([3], model, start_batches=2)
    assert not nothing.reached.any()
    assert nothing.images.shape == (1, 1, 8, 8)
    assert nothing.queries == 6


def test_classes_share_calls() -> None:
    model = Quarters()
    attack([0, 1, 2], model)
    draws = [count for count in model.log.batches if count == 3]
    rounds = model.log.batches[len(draws) :]
    assert rounds[0] == 3 * 33  # all classes in one call
    assert all(count % 33 == 0 for count in rounds)
    assert rounds == sorted(rounds, reverse=True)  # finished classes leave
    assert rounds[-1] < rounds[0]


def test_a_white_box_gives_it_no_more_than_labels() -> None:
    model = Quarters()
    alone = attack([1, 2], model)
    assert not model.log.with_gradients and not alone.codes.requires_grad
    assert all(same(alone, attack([1, 2], kind=kind)) for kind in (ConfidenceAPI, WhiteBox))
