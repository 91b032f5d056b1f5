"""Data-centric defence: what a contributor does to the pictures of their own class, whoever trains on them.

Chen, Kang, Abhyankar, Jin and Jia, "Data-Centric Defense: Shaping Loss Landscape with Augmentations to Counter Model
Inversion". For a protected class of m pictures:

1. injection: m pictures of a surrogate, an identity that shares no sensitive trait, under the protected label;
2. loss: a share of the m own pictures gets a wrong label, so that the surrogate is where the loss is lower;
3. curvature: a noisy copy of every picture of the class. Copies of surrogates keep the label, with little noise (flat
   around them); of the copies of own pictures, with more noise, a share gets a wrong label (steep around them).

With all three steps the contributor hands in 4 m pictures. Shares and noise are those of the authors' public
configuration, and as there noise and wrong labels are drawn once, before training, labels evenly from all other
classes. Each class's draws depend on the seed and the class alone. Ours: noise stays in float (in the public code's 8
bits a deviation of 0.003 is less than one grey level); all own pictures are copied, mislabelled ones too; surrogates
that are fewer than m are repeated in turn, of more m are drawn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mia_kit import check
from mia_kit.signatures import checked
from mia_kit.training.seeds import generators_for

STEPS = ("injection", "loss", "curvature")
# Standard deviations of the noise on copies of surrogates and of own pictures, where black to white is 1.
SURROGATE_NOISE, OWN_NOISE = 0.003, 8 / 255


@dataclass(frozen=True)
class DataCentric:
    """Which steps a contributor takes, and how far.

    steps : any of "injection", "loss" and "curvature", each at most once
    mislabelled : share of the own pictures with a wrong label, in [0, 1], for "loss"
    copies_mislabelled : the same for their copies, for "curvature": all of them on CelebA; 0.5 on FaceScrub and dogs
    """

    steps: tuple[str, ...] = STEPS
    mislabelled: float = 0.2
    copies_mislabelled: float = 1.0

    def __post_init__(self) -> None:
        if not set(self.steps) <= set(STEPS) or len(set(self.steps)) < len(self.steps):
            raise ValueError(f"steps must be different ones of {', '.join(STEPS)}, got {self.steps} instead")
        check.in_range("mislabelled", self.mislabelled, 0, 1)
        check.in_range("copies_mislabelled", self.copies_mislabelled, 0, 1)


@dataclass(frozen=True, eq=False)
class Protected:
    """What the trainer gets, and, for us alone, what it is.

    images : Tensor of shape (k, ...), first the n given ones in their order, then what was added, class after class:
        surrogates, their copies, copies of the own pictures
    labels : int64 Tensor of shape (k,), as `fit` takes them
    owners : int64 Tensor of shape (k,), the protected class whose contributor changed or added the picture; -1 for none
    """

    images: Tensor
    labels: Tensor
    owners: Tensor


@checked
def protect(
    images: Tensor,
    labels: Tensor,
    protected: Sequence[int],
    *,
    seed: int,
    surrogates: Mapping[int, Tensor] | None = None,
    settings: DataCentric | None = None,
    classes: int | None = None,
    limits: tuple[float, float] = (-1.0, 1.0),
) -> Protected:
    """The training pictures after the contributors of some classes have protected themselves.

    Test pictures are to be left alone: protected classes lose accuracy there, the others less.

    images : float Tensor of shape (n, ...) within `limits`, the values of black and white, to which noise is clipped
    labels : int64 Tensor of shape (n,), in [0, classes)
    protected : different classes, each with a picture at least; each contributor acts for themselves
    seed : of noise, wrong labels and the choice of surrogates
    surrogates : for "injection": protected class -> pictures of its surrogate, of shape (any number, ...). Not of one
        of the `classes`, which would stand under two labels
    classes : how many classes the trainer has, at least 2; the greatest label and one by default
    """
    settings = settings or DataCentric()
    surrogates = surrogates or {}
    classes = int(check.labels(labels, classes=classes).max()) + 1 if classes is None else classes
    _check(images, labels, protected, classes, limits)
    if "injection" in settings.steps:
        for person in protected:
            _check_surrogates(person, surrogates.get(person), images, limits)
    given = labels
    labels, owners = given.clone(), torch.full_like(given, -1)
    parts = [(images, labels, owners)]
    for person in protected:
        contributor = _Contributor(person, classes, settings, limits, seed)
        places = (given == person).nonzero()[:, 0]
        wrong = places[contributor.some(len(places), settings.mislabelled if "loss" in settings.steps else 0)]
        labels[wrong], owners[wrong] = contributor.wrong_labels(len(wrong)), person
        for added, named in contributor.additions(images[places], surrogates.get(person)):
            parts.append((added, named, torch.full_like(named, person)))
    return Protected(*(torch.cat(columns) for columns in zip(*parts, strict=True)))


class _Contributor:
    """The contributor of one class, with random numbers of their own."""

    def __init__(self, label: int, classes: int, settings: DataCentric, limits: tuple[float, float], seed: int) -> None:
        self.label, self.classes, self.settings, self.limits = label, classes, settings, limits
        (self.generator,) = generators_for([label], seed=seed)

    def some(self, count: int, share: float) -> Tensor:
        """Places of a share of so many pictures, rounded down as in the public code."""
        picked = math.floor(share * count + 1e-9)  # 0.29 * 100 is below 29
        return torch.randperm(count, generator=self.generator)[:picked]

    def wrong_labels(self, count: int) -> Tensor:
        """Labels of shape (count,), each of the other classes as likely."""
        others = torch.randint(self.classes - 1, (count,), generator=self.generator)
        return others + (others >= self.label)

    def additions(self, pictures: Tensor, surrogates: Tensor | None) -> list[tuple[Tensor, Tensor]]:
        """What is added to the own `pictures`, with labels: surrogates, their copies, copies of the own, as asked."""
        own = torch.full((len(pictures),), self.label)
        added: list[tuple[Tensor, Tensor]] = []
        if "injection" in self.settings.steps and surrogates is not None:
            order = torch.randperm(len(surrogates), generator=self.generator)
            injected = surrogates[order[torch.arange(len(pictures)) % len(surrogates)]]
            added.append((injected, own))
            if "curvature" in self.settings.steps:
                added.append((self._noisy(injected, SURROGATE_NOISE), own))
        if "curvature" in self.settings.steps:
            copies, labels = self._noisy(pictures, OWN_NOISE), own.clone()
            wrong = self.some(len(pictures), self.settings.copies_mislabelled)
            labels[wrong] = self.wrong_labels(len(wrong))
            added.append((copies, labels))
        return added

    def _noisy(self, images: Tensor, deviation: float) -> Tensor:
        low, high = self.limits
        noise = torch.randn(images.shape, generator=self.generator).to(images)
        return (images + deviation * (high - low) * noise).clamp(low, high)


def farthest_identity(
    embeddings: Tensor, labels: Tensor, protected: Sequence[int], *, candidates: Sequence[int] | None = None
) -> dict[int, int]:
    """The surrogate of each protected identity: another one, whose mean embedding is farthest from its own.

    No two protected identities get the same surrogate; who comes first in `protected` chooses first, among the
    `candidates`, all others by default. The authors pick a random identity of opposite attributes instead, or of any if
    there is none. `embeddings`, of shape (n, d), are of a network that knows the `labels`, of shape (n,), apart.
    """
    check.finite("embeddings", check.floats("embeddings", embeddings, ("n", "d")))
    check.labels(labels, classes=None, length=len(embeddings))
    _check_different(protected)
    known = labels.unique().tolist()
    choice = [identity for identity in (known if candidates is None else candidates) if identity not in protected]
    if unknown := sorted({*protected, *choice} - set(known)):
        raise ValueError(f"each identity needs an embedding, got none of {unknown} instead")
    centres = {identity: embeddings[labels == identity].mean(dim=0) for identity in (*protected, *choice)}
    surrogate_of: dict[int, int] = {}
    for person in protected:
        free = [identity for identity in choice if identity not in surrogate_of.values()]
        check.count(f"identities left for {person}", len(free))
        distances = [float((centres[identity] - centres[person]).norm()) for identity in free]
        surrogate_of[person] = free[int(np.argmax(distances))]
    return surrogate_of


def _check_different(protected: Sequence[int]) -> None:
    if len(set(check.counts("protected", protected, least=0))) < len(protected):
        raise ValueError(f"protected must be different classes, got {list(protected)} instead")


def _check(images: Tensor, labels: Tensor, protected: Sequence[int], classes: int, limits: tuple[float, float]) -> None:
    check.count("classes", classes, 2)
    check.labels(labels, classes=classes)
    _check_values(images, "images", limits)
    check.shape("images", images, (len(labels), *images.shape[1:]))
    _check_different(protected)
    if absent := [person for person in protected if not (labels == person).any()]:
        raise ValueError(f"a protected class needs a picture at least, got none of {absent[0]} instead")


def _check_surrogates(person: int, surrogates: Tensor | None, images: Tensor, limits: tuple[float, float]) -> None:
    if surrogates is None or not len(surrogates):
        raise ValueError(f"injection needs surrogates for every protected class, got none for {person} instead")
    check.shape(f"surrogates of class {person}", surrogates, ("n", *images.shape[1:]))
    _check_values(surrogates, f"surrogates of class {person}", limits)


def _check_values(images: Tensor, name: str, limits: tuple[float, float]) -> None:
    """Floats within the limits: in 8 bits half of the noise of surrogate copies would be rounded away."""
    low, high = limits
    check.floats(name, images, None)
    for value in (images.min(), images.max()) if images.numel() else ():
        check.in_range(f"each number of {name}", value, low, high)
