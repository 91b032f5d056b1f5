"""The relative attack against the paper's formula in plain loops, and in worlds where the right answer is known."""

import functools
from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import expit, logit

from mia_kit.membership import Verdicts, lira, rmia
from mia_kit.metrics import auc


def world(shadows: int, n: int, *, line: float = 0.5, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Examples of very different hardness; of a member a model's confidence p_out rises to 1 - line + line * p_out.

    Returns the target's log odds, its members, the shadow models' log odds and their members.
    """
    random = np.random.default_rng(seed)
    hardness, members = random.uniform(0.02, 0.98, n), np.arange(n) % 2 == 0
    inside = random.permuted(np.tile(np.arange(shadows) % 2 == 0, (n, 1)), axis=1).T

    def answers(seen: np.ndarray) -> np.ndarray:
        confidence = expit(logit(hardness) + random.normal(0, 0.3, seen.shape))
        return logit(np.where(seen, 1 - line + line * confidence, confidence).clip(1e-9, 1 - 1e-9))

    return answers(members), members, answers(inside), inside


@pytest.mark.parametrize("line", [0.0, 0.3, 1.0])
def test_against_the_formula_in_plain_loops(line: float) -> None:
    scaled, _, shadow_scaled, inside = world(4, 9)

    def ratio(x: int) -> float:
        outside = [expit(shadow_scaled[k, x]) for k in range(4) if not inside[k, x]]
        p_out = sum(outside) / len(outside)
        p_in = line * p_out + (1 - line)
        return float(expit(scaled[x]) / ((p_in + p_out) / 2))

    wanted = [np.mean([ratio(x) / ratio(z) > 1 for z in range(9)]) for x in range(9)]
    found = rmia.offline(scaled, shadow_scaled, inside, line=line)
    assert np.allclose(found.scores, wanted)
    assert found.says_member.tolist() == [value > 0.95 for value in wanted]


def test_a_twentieth_is_called_members_and_nearly_all_of_these_are() -> None:
    scaled, members, shadow_scaled, inside = world(4, 2000)
    found = rmia.offline(scaled, shadow_scaled, inside).says_member
    assert found.mean() == pytest.approx(0.05, abs=0.002) and members[found].mean() > 0.9


def test_with_one_shadow_model_it_tells_what_neither_a_threshold_nor_the_likelihood_ratio_can() -> None:
    scaled, members, shadow_scaled, _ = world(2, 2000)
    unseen = np.zeros((1, 2000), dtype=bool)
    shadow_scaled = world(2, 2000, line=1.0, seed=0)[2][:1]  # a line of 1: nobody was seen
    scores = rmia.offline(scaled, shadow_scaled, unseen).scores
    assert auc(scores[members], scores[~members]).low > 0.85 > auc(scaled[members], scaled[~members]).high
    with pytest.raises(ValueError, match="the greatest number of shadow models"):
        lira.offline(scaled, shadow_scaled, unseen)


@pytest.mark.parametrize(
    ("attack", "kind"), [(lira.offline, "float16"), (functools.partial(rmia.offline, line=1.0), "float32")]
)
def test_numbers_of_fewer_bits_are_judged_as_float64(attack: Callable[..., Verdicts], kind: str) -> None:
    """A confidence of e^-110, which single precision takes for 0, and squares beyond 65,504, infinite in half."""
    scaled, unseen = np.array([-110.0, 2, 3, 4], dtype=kind), np.zeros((2, 4), dtype=bool)
    shadow_scaled = np.array([[-110, 2, 2, 2], [-110, 2, 2, 402]], dtype=kind)
    wanted = attack(scaled.astype(float), shadow_scaled.astype(float), unseen).scores
    assert np.array_equal(attack(scaled, shadow_scaled, unseen).scores, wanted) and len(set(wanted)) > 1


@pytest.mark.parametrize("line", [0.2, 0.8])
def test_the_line_is_learnt_from_the_shadow_models(line: float) -> None:
    scaled, members, shadow_scaled, inside = world(8, 1000, line=line)
    learnt = rmia.line_of(shadow_scaled, inside)

    def area(given: float) -> float:
        scores = rmia.offline(scaled, shadow_scaled, inside, line=given).scores
        return auc(scores[members], scores[~members]).value

    assert area(learnt) >= max(map(area, rmia.LINES)) - 0.005


def test_an_example_that_every_shadow_model_has_seen_is_refused() -> None:
    scaled, _, shadow_scaled, inside = world(4, 6)
    inside[:, 2] = True
    with pytest.raises(ValueError, match="trained without each example must be at least 1, got 0"):
        rmia.offline(scaled, shadow_scaled, inside)
