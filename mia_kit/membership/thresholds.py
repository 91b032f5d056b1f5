"""Attacks that compare an example's loss with one threshold: the average, the powerful and the augmentation-aware one.

Kaya, Hong and Dumitras, *On the Effectiveness of Regularization Against Membership Inference Attacks* (2020); the
numbers are those of Kaya and Dumitras, *When Does Data Augmentation Help With Membership Inference Attacks?* (ICML
2021). The average attack is Yeom et al.'s (CSF 2018). All are functions of losses, so that a model is asked once.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mia_kit import check
from mia_kit.membership.verdicts import Verdicts
from mia_kit.signatures import checked

# Thresholds that are tried: mean + c * std of the known members' losses, as in the public code.
FACTORS = np.linspace(-5, 5, 1001)
REDUCTIONS: dict[str, Callable[..., np.ndarray]] = {
    "median": np.median, "min": np.min, "max": np.max, "std": np.std, "mean": np.mean,
}  # fmt: skip


@checked
def average(losses: np.ndarray, known_members: np.ndarray) -> Verdicts:
    """Member where the loss is below the mean loss of known members.

    `losses` of shape (n,) are those of the examples to judge, `known_members` of shape (k,) those of members the
    attacker knows, 100 in the paper.
    """
    check.array("losses", losses, ("n",))
    check.array("known_members", known_members, ("k",))
    return Verdicts(-losses, -float(known_members.mean()))


@checked
def powerful(losses: np.ndarray, known_members: np.ndarray, known_non_members: np.ndarray) -> Verdicts:
    """Member where the loss is below the threshold that tells known members and non-members best apart.

    losses : of the examples to judge, of shape (n,)
    known_members, known_non_members : losses of examples the attacker knows, of shapes (k,) and (j,); 100 each in the
        paper. Their mean accuracy is balanced, should k and j differ

    Of thresholds that are equally good the middle one is taken; the public code takes the first.
    """
    signals = {"losses": losses, "known_members": known_members, "known_non_members": known_non_members}
    for name, values in signals.items():
        check.array(name, values, ("n",))
    return Verdicts(-losses, -best_threshold(known_members, known_non_members))


@checked
def augmentation_aware(
    losses: np.ndarray,
    known_members: np.ndarray,
    known_non_members: np.ndarray,
    *,
    reduction: str = "median",
) -> Verdicts:
    """The powerful attack on the losses of several augmented copies of each example, reduced to one number.

    As in `powerful`, but of shapes (n, copies), (k, copies), (j, copies); the reduction over the copies is "median",
    "min", "max", "std" or "mean". The copies are those of the augmentation that the model was trained with, see
    `copy_losses`: it has seen such copies, and has seldom seen the plain image.
    """
    check.one_of("reduction", reduction, REDUCTIONS)
    copies = check.array("losses", losses, ("n", "copies"), finite=False).shape[1]
    given = {"losses": losses, "known_members": known_members, "known_non_members": known_non_members}
    for name, values in given.items():
        check.array(name, values, ("n", copies), finite=False)
    reduced = [REDUCTIONS[reduction](values, axis=1) for values in given.values()]
    return powerful(*reduced)


def best_threshold(known_members: np.ndarray, known_non_members: np.ndarray) -> float:
    """The threshold of `powerful` below which a loss is called a member's."""
    thresholds = known_members.mean() + FACTORS * known_members.std()
    hits = np.searchsorted(np.sort(known_members), thresholds) / len(known_members)  # strictly below
    alarms = np.searchsorted(np.sort(known_non_members), thresholds) / len(known_non_members)
    best = np.flatnonzero(np.isclose(hits - alarms, (hits - alarms).max(), rtol=0, atol=1e-12))
    return float(thresholds[best[len(best) // 2]])
