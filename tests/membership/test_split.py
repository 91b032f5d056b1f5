"""Members and non-members: balanced, disjoint, and no near-duplicate across."""

import numpy as np
import pytest

from mia_kit.membership import split_membership


def grouped(seed: int = 0, n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Three classes, of which one image in four belongs to a group of two or three."""
    random = np.random.default_rng(seed)
    labels = np.sort(np.arange(n) % 3)
    groups = np.arange(n)
    for first in random.choice(n - 3, n // 8, replace=False):
        same = np.arange(first, first + random.integers(2, 4))
        same = same[(labels[same] == labels[first])]
        groups[np.isin(groups, groups[same])] = groups[same].min()
    return labels, groups


@pytest.mark.parametrize("seed", range(4))
def test_balanced_disjoint_and_no_group_across(seed: int) -> None:
    labels, groups = grouped(seed)
    split = split_membership(labels, groups, seed=seed)
    assert not set(split.members) & set(split.non_members)
    assert not set(groups[split.members]) & set(groups[split.non_members])
    members, others = (np.bincount(labels[side], minlength=3) for side in (split.members, split.non_members))
    assert members.tolist() == others.tolist()
    assert (members >= 48).all()
    assert (np.diff(split.members) > 0).all() and split.members.dtype == np.int64


def test_seeds() -> None:
    labels, groups = grouped()
    one, again, other = (split_membership(labels, groups, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.members, again.members) and not np.array_equal(one.members, other.members)
    sides = np.array([np.isin(0, split_membership(labels, np.arange(300), seed=s).members) for s in range(200)])
    assert 0.35 < sides.mean() < 0.65  # the first image is a member as often as not


def test_large_groups_are_dealt_first_and_to_either_side() -> None:
    """Four images of one group against four by themselves: dealt last, the group would leave two a side."""
    labels, groups = np.zeros(8, dtype=int), np.array([0, 0, 0, 0, 1, 2, 3, 4])
    splits = [split_membership(labels, groups, seed=seed) for seed in range(60)]
    assert {len(split.members) for split in splits} == {4}
    assert 0.3 < np.mean([0 in split.members for split in splits]) < 0.7


def test_what_the_attacker_knows() -> None:
    split = split_membership(*grouped(), seed=0)
    known, rest = split.known(30, seed=5)
    assert len(known.members) == len(known.non_members) == 30
    assert sorted([*known.members, *rest.members]) == split.members.tolist()
    assert sorted([*known.non_members, *rest.non_members]) == split.non_members.tolist()
    assert np.array_equal(known.members, split.known(30, seed=5)[0].members)
    for count in (0, len(split.members)):
        with pytest.raises(ValueError, match=f"so that some are left, must .* got {count} instead"):
            split.known(count, seed=0)
