"""Who has which pictures: private classes on one side, the attacker's on the other.

Digits 0 to 4 are private, 5 to 9 the attacker's; of faces, other people. The private pictures are dealt at random, anew
with each seed, into those that the target learns from, those of the evaluator, and those that accuracy is measured on;
the public ones into two halves, as of the paper's table 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from mia_kit.data import ImageSet, load, select_people
from mia_kit.data.aligned import FRAMES, load_aligned
from mia_kit.runs.parts import Made, Part, Values
from mia_kit.studies.poisoning.recipe import Data

Shape = tuple[int, int, int]  # private classes, channels and pixels a side: what every network is built for


@dataclass(frozen=True, eq=False)
class Sides:
    """Pictures are float Tensors of shape (n, channels, size, size) in [-1, 1], labels int64 Tensors of shape (n,).

    training, judging, test : of the private classes, for the target, the evaluator and the accuracy of both
    numbers : of shape (private,), which pictures of the data set the first training pictures are: they are attacked
    halves : pictures of other classes, two sets that share none
    classes : how many are private
    """

    training: Tensor
    training_labels: Tensor
    judging: Tensor
    judging_labels: Tensor
    test: Tensor
    test_labels: Tensor
    numbers: np.ndarray
    halves: tuple[Tensor, Tensor]
    classes: int

    @property
    def private(self) -> Tensor:
        """The pictures that the attacker wants back."""
        return self.training[: len(self.numbers)]

    @property
    def private_labels(self) -> Tensor:
        """Their classes."""
        return self.training_labels[: len(self.numbers)]

    @property
    def shape(self) -> Shape:
        """Classes, channels and pixels."""
        return self.classes, self.training.shape[1], self.training.shape[2]


@dataclass(frozen=True)
class SidesPart(Part[Sides]):
    """The pictures of a seed; they are never copied into the store."""

    data: Data
    seed: int
    kept: ClassVar[bool] = False

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        """Read and deal them. DataError as `mia_kit.data.load` raises it."""
        data = self.data
        images = _framed(data.name, data.size)
        if data.public is not None:
            return {"sides": deal(images, _framed(data.public, data.size), data, seed=self.seed)}
        classes = len(images.class_names)
        if data.private_classes is None or data.private_classes >= classes:
            raise ValueError(f"private_classes must be below {classes}, got {data.private_classes} instead")
        groups = np.split(np.arange(classes), [data.private_classes])
        private, public = (select_people(images, group) for group in groups)
        return {"sides": deal(private, public, data, seed=self.seed)}


def deal(private: ImageSet, public: ImageSet, data: Data, *, seed: int) -> Sides:
    """Deal private and public images that are loaded already. ValueError if there are too few."""
    sizes, random = [data.training, data.judging, data.test], np.random.default_rng(seed)
    if len(private) < sum(sizes) or len(public) < 2 * data.half:
        wanted = f"at least {sum(sizes)} private and {2 * data.half} public pictures"
        raise ValueError(f"there must be {wanted}, got {len(private)} and {len(public)} instead")
    numbers = random.permutation(len(private))[: sum(sizes)]
    dealt = private.subset(numbers)
    images, labels = dealt.to_tensor().split(sizes), torch.from_numpy(dealt.labels).split(sizes)
    training, judging, test = zip(images, labels, strict=True)
    first, second = public.subset(random.permutation(len(public))[: 2 * data.half]).to_tensor().split(data.half)
    attacked, classes = numbers[: data.private], len(private.class_names)
    return Sides(*training, *judging, *test, attacked, (first, second), classes)


def _framed(name: str, size: int) -> ImageSet:
    return load_aligned(name, size) if name in FRAMES else load(name, size=size)
