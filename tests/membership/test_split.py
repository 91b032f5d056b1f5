"""Members and non-members: balanced, disjoint, and no near-duplicate across."""

import numpy as np
import pytest

from mia_kit.data import near_duplicate_groups
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
@pytest.mark.parametrize("per_class", [None, 20])
def test_balanced_disjoint_and_no_group_across(seed: int, per_class: int | None) -> None:
    labels, groups = grouped(seed)
    split = split_membership(labels, groups, seed=seed, per_class=per_class)
    assert not set(split.members) & set(split.non_members)
    assert not set(groups[split.members]) & set(groups[split.non_members])
    members, others = (np.bincount(labels[side], minlength=3) for side in (split.members, split.non_members))
    assert members.tolist() == others.tolist()
    assert (members == 20).all() if per_class else (members >= 48).all()
    assert (np.diff(split.members) > 0).all() and split.members.dtype == np.int64


def test_near_duplicates_found_in_pictures_stay_together() -> None:
    random = np.random.default_rng(0)
    pictures = random.random((40, 9))
    pictures[20:] = pictures[:20] + 0.001  # each has a twin
    labels = np.tile(np.repeat([0, 1], 10), 2)
    groups = near_duplicate_groups(pictures, labels)
    split = split_membership(labels, groups, seed=0)
    assert len(split.members) == len(split.non_members) == 20
    assert set(split.members % 20).isdisjoint(split.non_members % 20)


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
        with pytest.raises(ValueError, match=f"so that some are left, got {count} instead"):
            split.known(count, seed=0)


def test_bad_input() -> None:
    labels, groups = grouped()
    with pytest.raises(ValueError, match="the class 0 must have 60 images for each side .* got 50 instead"):
        split_membership(labels, np.arange(300), seed=0, per_class=60)
    with pytest.raises(ValueError, match="the class 1 must have 1 images for each side .* got 0 instead"):
        split_membership(np.array([0, 0, 1, 1]), np.array([0, 1, 2, 2]), seed=0)
    with pytest.raises(ValueError, match="a group must have one class, got a group of two instead"):
        split_membership(labels, np.zeros(300, dtype=int), seed=0)
    with pytest.raises(ValueError, match=r"got \(300,\) and \(299,\) instead"):
        split_membership(labels, groups[1:], seed=0)
    with pytest.raises(ValueError, match="per_class must be at least 1, got 0 instead"):
        split_membership(labels, groups, seed=0, per_class=0)
