"""Attacks with one threshold against a search in plain loops, and the signals they read against plain formulas."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from mia_kit.access import ConfidenceAPI, WhiteBox
from mia_kit.defences.regularisers import NoiseAugment
from mia_kit.membership import (
    augmentation_aware,
    average,
    copy_losses,
    losses_and_confidences,
    powerful,
    scaled_confidences,
)
from mia_kit.membership.verdicts import log_odds
from tests.rows import LOGIT


def known_losses(seed: int, k: int = 40) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.exponential(0.5, k).round(1), random.exponential(1.0, k + 5).round(1)


def test_average_by_hand() -> None:
    found = average(np.array([0.1, 0.4, 0.5, 2.0]), np.array([0.2, 0.6]))
    assert found.says_member.tolist() == [True, False, False, False]  # the mean is 0.4: a tie is no member
    assert (np.diff(found.scores) < 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_powerful_against_a_search_in_plain_loops(seed: int) -> None:
    members, others = known_losses(seed)
    best = -1.0
    for c in np.linspace(-5, 5, 1001):
        threshold = members.mean() + c * members.std()
        found = sum(loss < threshold for loss in members) / len(members)
        alarms = sum(loss < threshold for loss in others) / len(others)
        best = max(best, found - alarms)
    on_members = powerful(members, members, others)
    on_others = powerful(others, members, others)
    reached = on_members.says_member.mean() - on_others.says_member.mean()
    assert reached == pytest.approx(best) and best > 0.1
    thresholds = members.mean() + np.linspace(-5, 5, 1001) * members.std()
    assert np.abs(thresholds + on_members.threshold).min() < 1e-12


@pytest.mark.parametrize("reduction", ["median", "min", "max", "std", "mean"])
def test_augmentation_aware_is_the_powerful_attack_on_reduced_losses(reduction: str) -> None:
    random = np.random.default_rng(0)
    losses, members, others = random.random((7, 5)), random.random((30, 5)), random.random((31, 5)) + 0.3
    plain = {"median": np.median, "min": np.min, "max": np.max, "std": np.std, "mean": np.mean}[reduction]
    wanted = powerful(*(np.array([plain(row) for row in rows]) for rows in (losses, members, others)))
    found = augmentation_aware(losses, members, others, reduction=reduction)
    assert np.allclose(found.scores, wanted.scores) and found.threshold == wanted.threshold


def test_signals_against_plain_formulas() -> None:
    logits = torch.randn(9, 4, generator=torch.Generator().manual_seed(0)).clamp(-1, 1)
    labels = torch.arange(9) % 4
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 4, bias=False))
    model[1].weight.data = torch.eye(4)
    own = logits.double().softmax(dim=1)[torch.arange(9), labels].numpy()
    for access, tolerance in ((WhiteBox(model), 1e-6), (ConfidenceAPI(model), 1e-5)):
        losses, scaled = losses_and_confidences(access, logits[:, None, None], labels)
        assert np.allclose(losses, -np.log(own), atol=tolerance)
        assert np.allclose(scaled, np.log(own / (1 - own)), atol=tolerance)
        assert access.queries == 9


def test_signals_stay_finite_and_apart_where_confidences_round_to_one() -> None:
    logits, labels = torch.tensor([[60.0, 0.0], [90.0, 0.0], [0.0, 900.0]]), torch.zeros(3, dtype=torch.long)
    assert scaled_confidences(logits, labels).tolist() == [60, 90, -900]
    model = nn.Sequential(nn.Flatten(), nn.Linear(2, 2))
    model[1].weight.data, model[1].bias.data = 900 * torch.eye(2), torch.zeros(2)
    losses, scaled = losses_and_confidences(ConfidenceAPI(model), logits[:, None, None] / 900, labels)
    assert np.isfinite(losses).all() and np.isfinite(scaled).all()


def test_confidences_of_a_service_stay_apart_among_many_classes() -> None:
    """999 classes share what the label leaves: above a logit of 16 each alone has less than the least confidence."""
    surest = torch.tensor([12.0, 16, 18, 20])
    model = nn.Sequential(nn.Flatten(), nn.Linear(1, 1000, bias=False))
    model[1].weight.data = torch.zeros(1000, 1).index_fill(0, torch.tensor(0), 20.0)
    given = surest[:, None, None, None] / 20, torch.zeros(4, dtype=torch.long)
    assert np.allclose(losses_and_confidences(ConfidenceAPI(model), *given)[1], surest.numpy() - np.log(999), atol=1e-4)


@given(st.lists(LOGIT, min_size=2, max_size=6), st.data())
def test_log_odds_by_hand_also_of_absent_classes(row: list[float], data: st.DataObject) -> None:
    label = data.draw(st.integers(0, len(row) - 1))
    others = [value for place, value in enumerate(row) if place != label]
    top = max(others)
    rest = top + math.log(sum(math.exp(value - top) for value in others)) if top > -math.inf else top
    told = log_odds(torch.tensor([row], dtype=torch.float64), torch.tensor([label])).item()
    assert told == pytest.approx(row[label] - rest, rel=1e-9, abs=1e-9, nan_ok=True)


def test_copies_are_those_of_the_models_own_augmentation() -> None:
    """A model that answers 1 where a picture is not mirrored and 0 where it is: half of the copies look strange."""
    images = torch.zeros(8, 1, 2, 2)
    images[..., 1] = 1.0
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2, bias=False))
    model[1].weight.data = torch.tensor([[0.0, 3.0, 0.0, 3.0], [3.0, 0.0, 3.0, 0.0]])
    access, labels = WhiteBox(model), torch.zeros(8, dtype=torch.long)

    def mirrored(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        chosen = torch.rand(len(images), generator=generator) < 0.5
        return torch.where(chosen[:, None, None, None], images.flip(3), images)

    losses = copy_losses(access, images, labels, mirrored, copies=50)
    high, low = np.log1p(np.exp(6)), np.log1p(np.exp(-6))
    assert losses.shape == (8, 50) and access.queries == 400
    assert np.allclose(losses[:, 0], low, atol=1e-6)
    assert np.allclose(np.minimum(abs(losses - high), abs(losses - low)), 0, atol=1e-5)
    assert 0.35 < (losses > 1).mean() < 0.65
    again = copy_losses(access, images, labels, mirrored, copies=50)
    assert np.array_equal(losses, again)
    assert copy_losses(access, images, labels, NoiseAugment(0.5), copies=2).std(axis=1).min() > 0  # leaves [-1, 1]
    access.queries = 0
    plain = copy_losses(access, images, labels, None, copies=5)
    assert np.array_equal(plain, np.repeat(losses[:, :1], 5, axis=1)) and access.queries == 8


def test_of_equally_good_thresholds_the_middle_one_is_taken() -> None:
    """Members at -1 and 1, others at 4: steps of 0.01 up to 5; whatever lies in (1, 4] is as good."""
    found = powerful(np.zeros(1), np.array([-1.0, 1.0]), np.full(10, 4.0))
    assert -found.threshold == pytest.approx(2.5, abs=0.011)
