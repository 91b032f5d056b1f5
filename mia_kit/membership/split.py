"""Members and non-members: as many of each, the same classes, no near-duplicate of one among the other.

A near-duplicate of a member that is called a non-member makes an attacker look worse than it is, and one that is known
to the attacker better. So whole groups of near-duplicates go to one side (see `mia_kit.data.near_duplicate_groups`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mia_kit import check
from mia_kit.signatures import checked


@dataclass(frozen=True, eq=False)
class MembershipSplit:
    """Places in a data set: int64 arrays of one length, ascending; train on `members` alone."""

    members: np.ndarray
    non_members: np.ndarray

    def known(self, count: int, *, seed: int) -> tuple[MembershipSplit, MembershipSplit]:
        """What the attacker knows, `count` of each side drawn at random (in the paper 100), and the rest, to judge."""
        check.count("count, so that some are left,", count, most=len(self.members) - 1)
        random = np.random.default_rng(seed)
        orders = [random.permutation(side) for side in (self.members, self.non_members)]
        known = MembershipSplit(*(np.sort(order[:count]) for order in orders))
        return known, MembershipSplit(*(np.sort(order[count:]) for order in orders))


@checked
def split_membership(labels: np.ndarray, groups: np.ndarray, *, seed: int) -> MembershipSplit:
    """Put each group on one of two sides at random, class by class, and leave out what one side has too many of.

    `labels` and `groups` are integers of shape (n,); groups are equal for near-duplicates, `np.arange(n)` if there are
    none.
    """
    check.array("groups", groups, (len(check.array("labels", labels, ("n",))),))
    if len(np.unique(np.stack([groups, labels]), axis=1).T) != len(np.unique(groups)):
        raise ValueError("a group must have one class, got a group of two instead: group within classes")
    random = np.random.default_rng(seed)
    halves: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for label in np.unique(labels):
        sides = _deal(np.flatnonzero(labels == label), groups, random)
        what = f"images of the class {label} for each side, near-duplicates grouped,"
        count = check.count(what, min(map(len, sides)))
        for kept, side in zip(halves, sides, strict=True):
            kept.append(random.permutation(side)[:count])
    return MembershipSplit(*(np.sort(np.concatenate(kept)) for kept in halves))


def _deal(places: np.ndarray, groups: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Deal the groups out: the large ones first, each to the side that has fewer images so far, at random if even."""
    names, group_of, sizes = np.unique(groups[places], return_inverse=True, return_counts=True)
    order = random.permutation(len(names))
    order = order[np.argsort(-sizes[order], kind="stable")]
    heads = random.random(len(names)) < 0.5
    side_of = np.empty(len(names), dtype=bool)  # True for the second side
    lead = 0  # images by which the first side is ahead
    for group, head in zip(order, heads, strict=True):
        side_of[group] = lead > 0 or (lead == 0 and head)
        lead += -sizes[group] if side_of[group] else sizes[group]
    second = side_of[group_of]
    return places[~second], places[second]
