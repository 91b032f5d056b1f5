"""Regularisation against membership inference: twelve mechanisms with their strengths, alone and in pairs.

Kaya, Hong and Dumitras, *On the Effectiveness of Regularization Against Membership Inference Attacks* (2020), compare
eight, which the public abstract does not name. Weight decay, dropout, crops, noise, early stopping, smoothing,
distillation and DP-SGD are inferred from the authors' later code (ICML 2021); the last three are added, and negative
factors of smoothing, which count as the twelfth. Each is a `DefenceTraining` of `mia_kit.defences`, whose `combine`
makes pairs. Those that are defences against inversion, too, are theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import cross_entropy, kl_div, log_softmax

from mia_kit import check
from mia_kit.defences import STRENGTHS as OF_DEFENCES
from mia_kit.defences import DefenceTraining
from mia_kit.defences import build as build_defence
from mia_kit.snapshot import snapshot
from mia_kit.training import flip_and_shift
from mia_kit.training.augment import MAX_SHIFT
from mia_kit.training.checkpoints import fingerprint

# One default each, of the ranges that the note on the paper gives or, where it gives none, of common use.
STRENGTHS: dict[str, float] = {
    # AdamW's, which shrinks weights by strength * learning rate a step: the 5e-4 of plain SGD would do nothing.
    "weight_decay": 0.1,
    "dropout": 0.2,
    "crop_and_flip": MAX_SHIFT,
    "noise": 0.1,
    "early_stopping": 0.9,  # 3 or 4 of 35 epochs are trained
    "smoothing": 0.05,
    "distillation": 10,
    "dp_sgd": 1,
    "cutout": 0.5,
    "mixup": 1,
    "disturbed_labels": 0.1,
}


def build(name: str, strength: float | None = None, *, teacher: nn.Module | None = None) -> DefenceTraining:
    """A mechanism of `STRENGTHS`, with that strength by default. A strength is

    crop_and_flip : pixels of the shift: 3 and no other, see `flip_and_shift`
    noise : the deviation, see `NoiseAugment`
    distillation : the temperature, see `DistillationObjective`; needs a `teacher`
    cutout : a side of the square, see `CutoutAugment`
    disturbed_labels : the share, see `DisturbedLabelsObjective`
    the others : as in `mia_kit.defences.build`
    """
    check.one_of("the mechanism", name, STRENGTHS)
    strength = STRENGTHS[name] if strength is None else strength
    if name in OF_DEFENCES:
        return build_defence(name, strength)
    if name == "distillation":
        if teacher is None:
            raise ValueError("distillation needs a teacher, a model trained on the same members, got none instead")
        return DefenceTraining(name, strength, objective=DistillationObjective(teacher, strength))
    return replace(_MAKERS[name](strength), name=name, strength=strength)


@dataclass(frozen=True)
class NoiseAugment:
    """Gaussian noise on every pixel; `deviation`, of pixels in [-1, 1], lies in [0, 10]. Noisy pixels may leave it."""

    deviation: float

    def __post_init__(self) -> None:
        check.in_range("deviation", self.deviation, 0, 10)

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        """Pictures of the same shape (n, channels, h, w)."""
        return images + self.deviation * torch.randn(images.shape, generator=generator).to(images)


@dataclass(frozen=True)
class CutoutAugment:
    """A grey square hides a part of each picture (DeVries and Taylor, 2017); its centre may lie at the border.

    `share`, in [0, 1], is a side of the square in sides of the picture.
    """

    share: float

    def __post_init__(self) -> None:
        check.in_range("share", self.share, 0, 1)

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        """Pictures of the same shape (n, channels, h, w); the square is 0."""
        rows, columns = (self._band(len(images), size, generator).to(images.device) for size in images.shape[2:])
        return images.masked_fill(rows[:, None, :, None] & columns[:, None, None, :], 0.0)

    def _band(self, n: int, size: int, generator: Generator) -> Tensor:
        """Which of `size` places each of n bands covers: bool of shape (n, size)."""
        side = round(self.share * size)
        start = torch.randint(size, (n, 1), generator=generator) - side // 2
        place = torch.arange(size)
        return (place >= start) & (place < start + side)


@dataclass(frozen=True)
class DisturbedLabelsObjective:
    """Cross-entropy with a share, in [0, 1], of a batch's labels drawn anew (Xie et al., DisturbLabel, CVPR 2016).

    They are drawn from all classes, so that some stay what they were.
    """

    share: float

    def __post_init__(self) -> None:
        check.in_range("share", self.share, 0, 1)

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, epoch: int) -> Tensor:
        """The mean loss of a batch; its random numbers are PyTorch's global ones, which `fit` seeds."""
        logits = model(images)
        drawn = torch.rand(labels.shape) < self.share
        others = torch.randint(logits.shape[1], labels.shape)
        return cross_entropy(logits, torch.where(drawn.to(labels.device), others.to(labels.device), labels))


@dataclass(frozen=True, eq=False)
class DistillationObjective:
    """A teacher's answers instead of the labels (Hinton et al., 2015), both softened by a temperature in [1, 1000].

    The loss is the squared temperature times the divergence of the model from the teacher, so that its size does not
    depend on the temperature. `teacher` gives logits for images and is to be trained on the same members; a copy of
    it is kept, in evaluation mode. `answers_of` names it for a checkpoint: its weights, in short.
    """

    not_private: ClassVar[str] = "its teacher learnt from the same pictures without noise"

    teacher: nn.Module = field(repr=False)
    temperature: float
    answers_of: str = field(init=False)

    def __post_init__(self) -> None:
        check.in_range("temperature", self.temperature, 1, 1000)
        object.__setattr__(self, "teacher", snapshot(self.teacher).requires_grad_(False))
        object.__setattr__(self, "answers_of", fingerprint(self.teacher.state_dict()))

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, epoch: int) -> Tensor:
        """The mean loss of a batch, whose labels are not looked at."""
        with torch.no_grad():
            answers = log_softmax(self.teacher(images).double() / self.temperature, dim=1)
        # In single precision the divergence is lost at high temperatures: all confidences are nearly the same.
        answer = log_softmax(model(images).double() / self.temperature, dim=1)
        return self.temperature**2 * kl_div(answer, answers, reduction="batchmean", log_target=True)


def _shifted(strength: float) -> DefenceTraining:
    if strength != MAX_SHIFT:
        raise ValueError(f"crop_and_flip shifts by up to {MAX_SHIFT} pixels, got {strength} instead")
    return DefenceTraining(augment=flip_and_shift)


_MAKERS: dict[str, Callable[[float], DefenceTraining]] = {
    "crop_and_flip": _shifted,
    "noise": lambda strength: DefenceTraining(augment=NoiseAugment(strength)),
    "cutout": lambda strength: DefenceTraining(augment=CutoutAugment(strength)),
    "disturbed_labels": lambda strength: DefenceTraining(objective=DisturbedLabelsObjective(strength)),
}
