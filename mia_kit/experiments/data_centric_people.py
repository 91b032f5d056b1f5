"""Who protects themselves in the data-centric experiments, and who stands in for them.

Some of the target's classes are protected. Each gets a surrogate, one of the outsiders: people, or signs, that are no
class of the target, whose pictures it is given all the same. Of an outsider's pictures the first few are injected; the
others are kept back, for the judges to say whether a reconstruction shows the surrogate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mia_kit.data import ImageSet, people_with
from mia_kit.data.pictures import to_floats
from mia_kit.defences import farthest_identity
from mia_kit.experiments.face_attack import Embed
from mia_kit.experiments.face_people import People, channels_first
from mia_kit.models import in_batches


@dataclass(frozen=True, eq=False)
class Case:
    """The target's people, who of them is protected, and by whom.

    people : the classes of the target
    protected : different classes
    surrogates : protected class -> the name of its surrogate
    injected : protected class -> uint8 pictures of its surrogate, of shape (k, channels, h, w), that are handed in
    held_back : the same of those that nobody trains on
    """

    people: People
    protected: tuple[int, ...]
    surrogates: Mapping[int, str]
    injected: Mapping[int, Tensor]
    held_back: Mapping[int, Tensor]

    def floats(self, pictures: Mapping[int, Tensor]) -> dict[int, Tensor]:
        """`injected` or `held_back` as floats in [-1, 1]."""
        return {own: to_floats(pictures[own]) for own in self.protected}


def protected_classes(classes: int, count: int) -> tuple[int, ...]:
    """So many of the classes, drawn once for all seeds, ascending. ValueError if there are not as many."""
    if not 1 <= count < classes:
        raise ValueError(f"protected must lie in [1, {classes}), so that others are left, got {count} instead")
    return tuple(sorted(np.random.default_rng(0).choice(classes, count, replace=False).tolist()))


def appoint_surrogates(
    people: People,
    protected: Sequence[int],
    outsiders: Mapping[str, Tensor],
    *,
    per_class: int,
    injected: int,
    embed: Embed,
) -> Case:
    """Give each protected class the outsider who lies farthest in the embedding (`farthest_identity`).

    Parameters
    ----------
    protected : classes of `people`; who comes first chooses first
    outsiders : name -> uint8 pictures of shape (n, channels, h, w), in an order that the seed chose
    per_class : photographs of each person that the target trains on; the contributor knows no others
    injected : how many pictures of an outsider may be injected; the rest, at least one, is held back
    embed : floats in [-1, 1] of shape (n, channels, h, w) -> embeddings of shape (n, d)

    ValueError if there are fewer outsiders than protected classes, or one has no picture to hold back.
    """
    if short := [name for name, pictures in outsiders.items() if len(pictures) <= injected]:
        raise ValueError(f"an outsider needs more than {injected} pictures, got {len(outsiders[short[0]])} instead")
    classes, names = len(people.class_names), list(outsiders)
    own = people.target_training(per_class) & torch.isin(people.labels, torch.tensor(protected))
    shown = to_floats(torch.cat([outsiders[name][:injected] for name in names]))
    embeddings = torch.cat([in_batches(embed, people.floats(own)), in_batches(embed, shown)])
    numbers = torch.arange(classes, classes + len(names)).repeat_interleave(injected)
    labels = torch.cat([people.labels[own], numbers])
    chosen = farthest_identity(embeddings, labels, protected, candidates=range(classes, classes + len(names)))
    surrogates = {one: names[chosen[one] - classes] for one in protected}
    return Case(
        people,
        tuple(protected),
        surrogates,
        {one: outsiders[name][:injected] for one, name in surrogates.items()},
        {one: outsiders[name][injected:] for one, name in surrogates.items()},
    )


def deal_outsiders(faces: ImageSet, *, least: int, below: int, seed: int) -> dict[str, Tensor]:
    """The people with at least `least` pictures and fewer than `below`: name -> uint8 pictures, in a random order."""
    random = np.random.default_rng(seed)
    chosen = np.setdiff1d(people_with(faces, least), people_with(faces, below))
    return {
        faces.class_names[person]: channels_first(
            faces.images[random.permutation(np.flatnonzero(faces.labels == person))]
        )
        for person in chosen
    }


def deal_signs(
    frames: ImageSet, tests: ImageSet, chosen: Sequence[int], *, pool: int, judged: int, seed: int
) -> People:
    """Some classes of a set with an official split as the classes 0, 1, ... of the target.

    The target is given `pool` of each class's training pictures, the evaluator `judged` of its test pictures: what is
    photographed several times stands on one side. ValueError if a class has fewer.
    """
    random = np.random.default_rng(seed)
    images: list[np.ndarray] = []
    labels: list[int] = []
    order: list[int] = []
    for place, one in enumerate(chosen):
        for source, count, first in ((frames, pool, 0), (tests, judged, pool)):
            members = random.permutation(np.flatnonzero(source.labels == one))[:count]
            if len(members) < count:
                raise ValueError(
                    f"{source.class_names[one]!r} must have at least {count} pictures, got {len(members)} instead"
                )
            images.append(source.images[members])
            labels += [place] * count
            order += range(first, first + count)
    names = tuple(frames.class_names[one] for one in chosen)
    return People(channels_first(np.concatenate(images)), torch.tensor(labels), torch.tensor(order), pool, names)
