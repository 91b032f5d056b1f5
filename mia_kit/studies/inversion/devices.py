"""Where the study computes, and how precisely: on a CPU, or on a GPU with networks of any size.

On a GPU pictures lie pixel by pixel; with precision bfloat16 a network's layers compute so, its logits and every loss
in float32. Where a processor only imitates bfloat16, float32 takes its place. Random numbers are drawn on the CPU, so
that a seed means the same everywhere. None of this was run on a GPU by us.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Generator, Tensor, nn

from mia_kit.attacks.crops import Crop, cut
from mia_kit.data.pictures import to_floats
from mia_kit.models import Classifier, in_batches
from mia_kit.models.priors import has_bfloat16
from mia_kit.smoothing import ramp, smoothed_cross_entropy
from mia_kit.studies.inversion.recipe import Network
from mia_kit.training.augment import change_colours
from mia_kit.training.fit import SmoothedObjective

Result = TypeVar("Result")
CROP = Crop(area=(0.85, 1.0), mirror=0.5)


def device_of(network: Network) -> torch.device:
    """The GPU, where the recipe allows it and there is one, or the CPU."""
    return torch.device("cuda" if network.device == "auto" and torch.cuda.is_available() else "cpu")


def ask(model: nn.Module, images: Tensor, function: Callable[[Tensor], Tensor] | None = None) -> Tensor:
    """What a network, or a function of it, makes of images, floats or 256 shades, on its device: (n, ...) on the CPU.

    A batch at a time, so that neither images nor answers fill a GPU.
    """
    device = next(model.parameters()).device

    def answer(batch: Tensor) -> Tensor:
        batch = batch if batch.is_floating_point() else to_floats(batch)
        return (function or model)(batch.to(device)).cpu()

    return in_batches(answer, images)


def with_room(work: Callable[[int], Result], batch_size: int) -> Result:
    """`work(batch_size)`, with half as many images at a time as often as a GPU's memory is too small for that.

    So a recipe may ask for many. Raises torch.OutOfMemoryError if one image is too many.
    """
    while True:
        try:
            return work(batch_size)
        except torch.OutOfMemoryError:
            if batch_size == 1:
                raise
        batch_size //= 2
        torch.cuda.empty_cache()


@dataclass(frozen=True)
class PaperAugment:
    """Pictures of 256 shades to floats of size x size on the device: cropped, mirrored, recoloured.

    As in Struppek et al. (ICLR 2024: RandomResizedCrop with areas from 0.85, colours, mirror) less its slight change of
    hue.
    """

    size: int
    device: str

    def __call__(self, pictures: Tensor, generator: Generator) -> Tensor:
        """`pictures` is uint8 of shape (n, channels, h, w); the generator is on the CPU."""
        images = to_floats(pictures.to(self.device))
        return change_colours(cut(images, CROP.boxes(len(images), generator), (self.size, self.size)), generator)


def in_bfloat16(model: nn.Module, images: Tensor) -> Tensor:
    """Logits of shape (n, classes) of layers that compute in bfloat16, in float32 for losses such as Poincare's."""
    with torch.autocast(images.device.type, torch.bfloat16, enabled=has_bfloat16(images.device)):
        logits: Tensor = model(images)
    return logits.float()


@dataclass(frozen=True)
class Bfloat16Objective(SmoothedObjective):
    """The same loss of logits that were computed in bfloat16."""

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, epoch: int) -> Tensor:
        """The mean loss of a batch."""
        return smoothed_cross_entropy(in_bfloat16(model, images), labels, ramp(self.smoothing, epoch, self.epochs))


class InBfloat16(nn.Module):
    """A trained classifier whose layers compute in bfloat16."""

    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self.model, self.channels = model, model.channels

    def forward(self, images: Tensor) -> Tensor:
        """Logits of shape (n, classes)."""
        return in_bfloat16(self.model, images)


def in_precision(model: Classifier, network: Network) -> nn.Module:
    """The network as the recipe wants it computed under attack."""
    return InBfloat16(model) if network.precision == "bfloat16" else model
