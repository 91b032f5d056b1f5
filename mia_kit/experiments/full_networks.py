"""Classifiers at any size, on a CPU or a GPU, from a few lines of a recipe: targets, evaluators, students.

The augmentation is the paper's (Struppek et al., ICLR 2024: RandomResizedCrop with areas from 0.85, colours, mirror)
less its slight change of hue. On a GPU networks work channels last; with `precision: bfloat16` they compute so,
logits and losses in float32. None of this was run on a GPU by us.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor, nn

from mia_kit.attacks.crops import Crop, cut
from mia_kit.attacks.prior_to_target import resize
from mia_kit.data.pictures import to_floats
from mia_kit.experiments.albums import Album
from mia_kit.models import BACKBONES, Backbone, Classifier, ResidualClassifier, SmallClassifier, in_batches, transplant
from mia_kit.smoothing import ramp, smoothed_cross_entropy
from mia_kit.training import fit
from mia_kit.training.augment import change_colours
from mia_kit.training.fit import SmoothedObjective

SMALL: dict[str, Callable[..., Classifier]] = {"residual": ResidualClassifier, "small": SmallClassifier}
CROP = Crop(area=(0.85, 1.0), mirror=0.5)
PRECISIONS = ("float32", "bfloat16")
OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "sgd": partial(torch.optim.SGD, momentum=0.9, weight_decay=1e-4),
}

# network, size, epochs, batch_size, learning_rate; optionally width, pretrained, precision, and public: the settings
# that differ for a first training on public people
Spec = Mapping[str, Any]


def choose_device(name: str) -> torch.device:
    """The device of a recipe: "cpu", "cuda", or "auto" for a GPU where there is one. ValueError if it is not there."""
    if name not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device must be auto, cpu or cuda, got {name!r} instead")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("the device is cuda, but PyTorch finds no GPU here: take --device cpu, or auto")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def build(spec: Spec, classes: int, *, seed: int, pretrained: bool | None = None) -> Classifier:
    """An untrained network for colour pictures; `pretrained` takes the place of the recipe's own.

    Raises ValueError for an unknown network or precision, DataError as `Backbone`.
    """
    name = spec["network"]
    if name not in (*SMALL, *BACKBONES):
        raise ValueError(f"network must be one of {', '.join((*SMALL, *BACKBONES))}, got {name!r} instead")
    if spec.get("precision", "float32") not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, got {spec['precision']!r} instead")
    if name in SMALL:
        return SMALL[name](3, classes, seed=seed, width=spec["width"])
    wanted = spec.get("pretrained", False) if pretrained is None else pretrained
    return Backbone(name, classes, seed=seed, pretrained=wanted)


def placed(model: Classifier, device: torch.device) -> Classifier:
    """The network on the device; on a GPU its pictures lie pixel by pixel, as its convolutions like them best."""
    model = model.to(device)
    return model.to(memory_format=torch.channels_last) if device.type == "cuda" else model


@dataclass(frozen=True)
class PaperAugment:
    """Pictures of 256 shades to floats of size x size in [-1, 1] on the device: cropped, mirrored, recoloured."""

    size: int
    device: torch.device

    def __call__(self, pictures: Tensor, generator: Generator) -> Tensor:
        """`pictures` is uint8 of shape (n, 3, h, w); the generator is on the CPU, so that a seed means the same."""
        images = to_floats(pictures.to(self.device))
        images = cut(images, CROP.boxes(len(images), generator), (self.size, self.size))
        return change_colours(images, generator)


@dataclass(frozen=True)
class Bfloat16Objective(SmoothedObjective):
    """The same loss of logits that were computed in bfloat16; the loss itself in float32."""

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, epoch: int) -> Tensor:
        """The mean loss of a batch."""
        with torch.autocast(images.device.type, torch.bfloat16):
            logits = model(images)
        return smoothed_cross_entropy(logits.float(), labels, ramp(self.smoothing, epoch, self.epochs))


class InBfloat16(nn.Module):
    """A trained classifier whose layers compute in bfloat16; its logits are float32, for losses such as Poincare's."""

    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self.model, self.channels = model, model.channels

    def forward(self, images: Tensor) -> Tensor:
        """Logits of shape (n, classes)."""
        with torch.autocast(images.device.type, torch.bfloat16):
            logits: Tensor = self.model(images)
        return logits.float()


def in_precision(model: Classifier, spec: Spec) -> nn.Module:
    """The network as the recipe wants it computed."""
    return InBfloat16(model) if spec.get("precision") == "bfloat16" else model


def train(
    spec: Spec,
    pictures: Tensor,
    labels: Tensor,
    classes: int,
    *,
    seed: int,
    smoothing: float = 0.0,
    trunk: Mapping[str, Tensor] | None = None,
    device: torch.device,
    checkpoint: Path | None = None,
    progress: bool = True,
) -> Classifier:
    """A trained network on the device, in evaluation mode; `pictures` is uint8 of shape (n, 3, h, w).

    It begins from `trunk`, the weights of a network of the same kind that has seen other people, if there is one.
    """
    model = build(spec, classes, seed=seed)
    if trunk is not None:
        transplant(model, trunk)
    placed(model, device)
    teach(
        model,
        spec,
        pictures,
        labels,
        seed=seed,
        smoothing=smoothing,
        device=device,
        checkpoint=checkpoint,
        progress=progress,
    )
    return model


def teach(
    model: Classifier,
    spec: Spec,
    pictures: Tensor,
    labels: Tensor,
    *,
    seed: int,
    smoothing: float = 0.0,
    device: torch.device,
    checkpoint: Path | None = None,
    progress: bool = True,
) -> None:
    """`train` for a network that is there, on the device."""
    objective = Bfloat16Objective if spec.get("precision") == "bfloat16" else SmoothedObjective
    fit(
        model,
        pictures,
        labels,
        seed=seed,
        objective=objective(smoothing, spec["epochs"]),
        augment=PaperAugment(spec["size"], device),
        optimiser=OPTIMISERS[spec.get("optimiser", "adam")],
        epochs=spec["epochs"],
        batch_size=spec["batch_size"],
        learning_rate=spec["learning_rate"],
        checkpoint=checkpoint,
        progress=progress,
    )


def ask(
    function: Callable[[Tensor], Tensor],
    album: Album,
    chosen: Tensor,
    *,
    size: int,
    device: torch.device,
    batch_size: int = 64,
) -> Tensor:
    """What `function` makes of the photographs that `chosen`, bool (n,), names: (m, ...) on the CPU, seen at `size`."""

    def answer(numbers: Tensor) -> Tensor:
        return function(prepared(album.take(numbers), size, device)).float().cpu()

    return in_batches(answer, chosen.nonzero().squeeze(1), batch_size=batch_size)


def prepared(pictures: Tensor, size: int, device: torch.device) -> Tensor:
    """Pictures of 256 shades as floats in [-1, 1] of shape (n, 3, size, size) on the device."""
    return resize(to_floats(pictures.to(device)), (size, size))
