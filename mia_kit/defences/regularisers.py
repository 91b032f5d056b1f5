"""Plain regularisers as defences, each through `fit`: objectives and augmentations.

The label-smoothing paper (Struppek, Hintersdorf and Kersting, ICLR 2024) leaves open what regularisers other than its
own do to inversion. Dropout is on the penultimate features (Srivastava et al., JMLR 2014), mixup is that of Zhang et
al. (ICLR 2018), the strong augmentation that of the paper's crops, flips and colours. Those from `NoiseAugment` on are
against membership inference. Weight decay, early stopping and smoothing are arguments of `fit`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import affine_grid, cross_entropy, dropout, grid_sample, kl_div, log_softmax

from mia_kit import check
from mia_kit.models import Classifier
from mia_kit.snapshot import snapshot
from mia_kit.training.checkpoints import fingerprint
from mia_kit.training.fit import Objective, SmoothedObjective


@dataclass(frozen=True)
class DropoutObjective:
    """A share, in [0, 1), of the penultimate features set to 0 at random, the others scaled up to make up for it.

    Where features are channels pooled over the picture, as in the classifiers here, each falls as a whole: this is
    spatial dropout after the last layer. `objective`, cross-entropy by default, is asked meanwhile.
    """

    share: float
    objective: Objective | None = None

    def __post_init__(self) -> None:
        check.in_range("the share of features to drop", self.share, 0, 1, open_ends="high")

    @property
    def not_private(self) -> str:
        """The objective's own reason, see `mia_kit.defences.dp_sgd`."""
        return getattr(self.objective, "not_private", "")

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, epoch: int) -> Tensor:
        """The mean loss of a batch. TypeError if the model is not a `Classifier`."""
        if not isinstance(model, Classifier):
            raise TypeError(f"dropout expected a Classifier of mia_kit.models, got {type(model).__name__} instead")
        objective = self.objective or SmoothedObjective(0.0, epoch + 1)
        # On the way to the head, so that an objective which looks into the model, as MID and BiDO do, finds it whole.
        with model.head.register_forward_pre_hook(lambda _, inputs: dropout(inputs[0], self.share)):
            return objective(model, images, labels, epoch)


@dataclass(frozen=True)
class MixupObjective:
    """Cross-entropy of mixed pictures: l x + (1 - l) x' against the label of x with weight l, of x' with 1 - l.

    x' is another picture of the batch, and l, one for the batch, comes from a Beta distribution with both parameters
    `concentration`, positive: near 0 pictures are left whole, at 1 any mixture is as likely.
    """

    not_private: ClassVar[str] = "it mixes the pictures of a batch"

    concentration: float

    def __post_init__(self) -> None:
        check.in_range("concentration", self.concentration, 0, open_ends="low")

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, epoch: int) -> Tensor:
        """The mean loss of a batch; its random numbers are PyTorch's global ones, which `fit` seeds."""
        random = np.random.default_rng(int(torch.randint(2**62, ())))
        share = random.beta(self.concentration, self.concentration)  # torch's underflows to a half below about 0.1
        partner = torch.randperm(len(labels))
        logits = model(share * images + (1 - share) * images[partner])
        return share * cross_entropy(logits, labels) + (1 - share) * cross_entropy(logits, labels[partner])


@dataclass(frozen=True)
class StrongAugment:
    """Crop each picture to a random share of its area and stretch it back, mirror half, change brightness and contrast.

    `strength`, in [0, 1): the crop keeps between 1 - strength and all of the area, in the picture's own proportions;
    brightness and contrast change by up to half the strength.
    """

    strength: float

    def __post_init__(self) -> None:
        check.in_range("strength", self.strength, 0, 1, open_ends="high")

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        """Pictures of the same shape (n, channels, h, w), in [-1, 1] as those given."""
        n = len(images)
        area, right, down, light, contrast, side = torch.rand(6, n, generator=generator).to(images)
        zoom = (1 - self.strength * area).sqrt()  # of each side
        moves = torch.zeros(n, 2, 3).to(images)
        moves[:, 0, 0] = torch.where(side < 0.5, -zoom, zoom)
        moves[:, 1, 1] = zoom
        moves[:, :, 2] = (1 - zoom)[:, None] * (2 * torch.stack([right, down], dim=1) - 1)
        grid = affine_grid(moves, list(images.shape), align_corners=False)
        images = grid_sample(images, grid, padding_mode="border", align_corners=False)
        light, contrast = (1 + 0.5 * self.strength * (2 * part[:, None, None, None] - 1) for part in (light, contrast))
        images = (images + 1) * light - 1
        middle = images.mean(dim=(1, 2, 3), keepdim=True)
        return (middle + (images - middle) * contrast).clamp(-1, 1)


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
