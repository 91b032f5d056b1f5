"""What the study makes: the pool of pictures, trained models, what the models say.

One pool serves all models. Models come in twins that share no picture: each split of the pool into members and
non-members trains one model on either side. So every picture is in exactly half of the models, and the other models of
the same mechanism, less a target's twin, are its shadow models: as many of them have seen a picture as have not.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mia_kit.access import WhiteBox
from mia_kit.data import ImageSet, load, near_duplicate_groups
from mia_kit.data.pictures import to_floats
from mia_kit.defences import DefenceTraining, build, combine
from mia_kit.membership import MembershipSplit, copy_losses, distance, split_membership
from mia_kit.models import Classifier, ConvolutionalClassifier, in_batches
from mia_kit.runs.parts import Made, Part, Values
from mia_kit.studies.inversion.networks import packed, unpacked
from mia_kit.studies.membership.recipe import Attacker, Mechanism, Network, World
from mia_kit.training import one_thread

# Root mean square difference of pixels in [-1, 1] below which two pictures of a class count as one.
NEAR = 0.1


@dataclass(frozen=True, eq=False)
class Pool:
    """Pictures, float images of shape (n, channels, h, w) in [-1, 1], and their int64 labels of shape (n,)."""

    images: Tensor
    labels: Tensor

    def split(self, seed: int) -> MembershipSplit:
        """Members and non-members of a model; those of its twin, whose seed differs in the last bit, are swapped."""
        split = split_membership(self.labels.numpy(), np.arange(len(self.labels)), seed=seed // 2)
        return split if seed % 2 == 0 else MembershipSplit(split.non_members, split.members)

    def known_and_judged(self, seed: int, known: int) -> tuple[MembershipSplit, MembershipSplit]:
        """What the attacker of a model knows, `known` of each side, and what it is judged on, in random order."""
        known_split, judged = self.split(seed).known(known, seed=seed)
        random = np.random.default_rng(seed)
        return known_split, MembershipSplit(random.permutation(judged.members), random.permutation(judged.non_members))


@dataclass(frozen=True)
class PoolPart(Part[Pool]):
    """The pictures of a world: as many of each class, no two of them near-duplicates."""

    world: World

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        pool = draw_pool(load(self.world.name), per_class=2 * self.world.per_class, seed=self.world.seed)
        images = torch.from_numpy(pool.images)
        images = images.unsqueeze(1) if images.ndim == 3 else images.permute(0, 3, 1, 2).contiguous()
        return {"images": images, "labels": torch.from_numpy(pool.labels)}

    def unpack(self, values: Values) -> Pool:
        return Pool(to_floats(torch.as_tensor(values["images"])), torch.as_tensor(values["labels"]))


@dataclass(frozen=True)
class Target(Part[tuple[Classifier, float]]):
    """A model trained on its members with one mechanism, two, or none; and its epsilon, NaN but for DP-SGD.

    teacher : the model without a mechanism from which distillation learns
    """

    pool: PoolPart
    network: Network
    mechanism: tuple[Mechanism, ...]
    seed: int
    teacher: Target | None

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        pool, teacher = made(self.pool), made(self.teacher)[0] if self.teacher else None
        members = torch.from_numpy(pool.split(self.seed).members)
        shape = {"channels": pool.images.shape[1], "size": pool.images.shape[2], "classes": int(pool.labels.max()) + 1}
        with one_thread():
            defended = training(self.mechanism, teacher).fit(
                self._untrained(**shape),
                pool.images[members],
                pool.labels[members],
                seed=self.seed,
                epochs=self.network.epochs,
                batch_size=self.network.batch_size,
                learning_rate=self.network.learning_rate,
                checkpoint=checkpoint,
                progress=progress,
            )
        epsilon = defended.privacy.epsilon if defended.privacy else float("nan")
        return packed(defended.model) | {"shape": shape, "epsilon": epsilon}

    def unpack(self, values: Values) -> tuple[Classifier, float]:
        """The trained model in evaluation mode, with the layers that DP-SGD has replaced, and epsilon."""
        model, wrap = self._untrained(**values["shape"]), without_teacher(self.mechanism).wrap
        return unpacked(wrap(model, self.seed) if wrap else model, values), float(values["epsilon"])

    def _untrained(self, *, channels: int, classes: int, size: int) -> Classifier:
        blocks, width, hidden = self.network.blocks, self.network.width, self.network.hidden
        return ConvolutionalClassifier(
            channels, classes, size, seed=self.seed, blocks=blocks, width=width, hidden=hidden
        )


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model says of the pool, and of some pictures that its attacker is judged on.

    logits : of shape (n, classes)
    losses : of shape (n, copies), see `copy_losses`: copies are changed as the model's own training changed pictures
    distances : distance-to-confident of shape (confidences, 2, images), members in the first of the two
    """

    logits: np.ndarray
    losses: np.ndarray
    distances: np.ndarray


@dataclass(frozen=True)
class AnswersPart(Part[Answers]):
    """All that attacks read from a model."""

    target: Target
    attacker: Attacker

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        pool, access, search = made(self.target.pool), WhiteBox(made(self.target)[0]), self.attacker.distance
        augment = without_teacher(self.target.mechanism).augment
        judged = pool.known_and_judged(self.target.seed, self.attacker.known)[1]
        near = torch.from_numpy(np.stack([judged.members, judged.non_members])[:, : search.images].ravel())

        walk = functools.partial(
            distance.run,
            access,
            pool.images[near],
            pool.labels[near],
            steps=search.steps,
            longest_step=search.longest_step,
        )
        with one_thread():
            logits = in_batches(access.logits, pool.images)
            losses = copy_losses(access, pool.images, pool.labels, augment, copies=self.attacker.copies)
            by_confidence = torch.stack([walk(confidence=confidence) for confidence in search.confidences])
        return {"logits": logits.numpy(), "losses": losses, "distances": by_confidence.unflatten(1, (2, -1))}

    def unpack(self, values: Values) -> Answers:
        return Answers(*(np.asarray(values[name]) for name in ("logits", "losses", "distances")))


def target(pool: PoolPart, network: Network, mechanism: tuple[Mechanism, ...], seed: int) -> Target:
    """A target, with its teacher if it is distilled."""
    distilled = any(part.defence == "distillation" for part in mechanism)
    teacher = Target(pool, network, (), seed, None) if distilled else None
    return Target(pool, network, mechanism, seed, teacher)


def training(mechanism: tuple[Mechanism, ...], teacher: Classifier | None) -> DefenceTraining:
    """How a mechanism, or both of a pair, change training."""
    parts = [build(part.defence, part.strength, teacher=teacher) for part in mechanism]
    return functools.reduce(combine, parts) if parts else DefenceTraining()


def without_teacher(mechanism: tuple[Mechanism, ...]) -> DefenceTraining:
    """The same but for distillation, which changes neither layers nor pictures."""
    return training(tuple(part for part in mechanism if part.defence != "distillation"), None)


def draw_pool(images: ImageSet, *, per_class: int, seed: int) -> ImageSet:
    """`per_class` pictures of each class at random, one of each group of near-duplicates.

    Half as many again are drawn and grouped, not the whole set. Raises ValueError if a class has too few.
    """
    random, places = np.random.default_rng(seed), []
    for label in np.unique(images.labels):
        drawn = random.permutation(np.flatnonzero(images.labels == label))[: per_class + per_class // 2]
        pixels = images.images[drawn].reshape(len(drawn), -1) / 127.5 - 1
        groups = near_duplicate_groups(pixels, images.labels[drawn], distance=NEAR * pixels.shape[1] ** 0.5)
        single = drawn[groups == np.arange(len(drawn))]
        if len(single) < per_class:
            wanted = f"{per_class} pictures after grouping near-duplicates, got {len(single)} instead"
            raise ValueError(f"the class {images.class_names[label]!r} must have {wanted}")
        places.append(single[:per_class])
    return images.subset(np.concatenate(places))
