"""Who has which pictures in the poisoning experiments: private classes on one side, the attacker's on the other.

Zhou et al., "Defending Against Neural Network Model Inversion Attacks via Data Poisoning": digits 0 to 4 are private,
5 to 9 the attacker's; of faces, other people. The private pictures are dealt at random into those that the target
learns from, those of the evaluator, and those that accuracy is measured on; the public ones into two halves, as of the
paper's table 3. Nobody has a picture of somebody else's, but for the defender, who may ask about the attacker's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mia_kit.data import ImageSet, load, select_people
from mia_kit.data.aligned import FRAMES, load_aligned


@dataclass(frozen=True, eq=False)
class Sides:
    """Pictures are float Tensors of shape (n, channels, size, size) in [-1, 1], labels int64 Tensors of shape (n,).

    training, judging, test : of the private classes, for the target, the evaluator and the accuracy of both
    private : how many of the training pictures, the first ones, are attacked
    halves : pictures of other classes, two sets that share none
    """

    training: Tensor
    training_labels: Tensor
    judging: Tensor
    judging_labels: Tensor
    test: Tensor
    test_labels: Tensor
    private: int
    halves: tuple[Tensor, Tensor]
    class_names: tuple[str, ...]

    @property
    def attacked(self) -> Tensor:
        """The private pictures that the attacker wants back."""
        return self.training[: self.private]

    @property
    def attacked_labels(self) -> Tensor:
        """Their classes."""
        return self.training_labels[: self.private]


def load_sides(
    name: str,
    *,
    size: int,
    training: int,
    judging: int,
    test: int,
    private: int,
    half: int,
    seed: int,
    private_classes: int | None = None,
    public: str | None = None,
) -> Sides:
    """Deal the pictures of a data set.

    Parameters
    ----------
    name : data set of the private pictures
    size : pixels a side
    training, judging, test, half : how many pictures each gets
    private : how many of the training pictures are attacked
    private_classes : the first so many are private, the others the attacker's; all of them with a `public` data set
    public : data set of the attacker's pictures; `name` by default

    Raises ValueError if there are too few pictures or the classes do not fit, DataError as `mia_kit.data.load` does.
    """
    images = _framed(name, size)
    if public is not None:
        return deal(images, _framed(public, size), training, judging, test, private, half, seed=seed)
    classes = len(images.class_names)
    if private_classes is None or not 2 <= private_classes < classes:
        raise ValueError(f"private_classes must lie in [2, {classes}), got {private_classes} instead")
    mine, others = np.arange(private_classes), np.arange(private_classes, classes)
    sides = (select_people(images, mine), select_people(images, others))
    return deal(*sides, training, judging, test, private, half, seed=seed)


def deal(
    mine: ImageSet, others: ImageSet, training: int, judging: int, test: int, private: int, half: int, *, seed: int
) -> Sides:
    """`load_sides` for private and public images that are loaded already, at their own size."""
    if len(mine) < training + judging + test or len(others) < 2 * half or not 0 < private <= training:
        raise ValueError(
            f"expected at least {training + judging + test} private and {2 * half} public pictures, of which "
            f"{private} are attacked, got {len(mine)} and {len(others)} instead"
        )
    random = np.random.default_rng(seed)
    own = mine.subset(random.permutation(len(mine))[: training + judging + test])
    images, labels = own.to_tensor(), torch.from_numpy(own.labels)
    parts = list(zip(images.split([training, judging, test]), labels.split([training, judging, test]), strict=True))
    first, second = others.subset(random.permutation(len(others))[: 2 * half]).to_tensor().split(half)
    return Sides(*parts[0], *parts[1], *parts[2], private, (first, second), mine.class_names)


def _framed(name: str, size: int) -> ImageSet:
    return load_aligned(name, size) if name in FRAMES else load(name, size=size)
