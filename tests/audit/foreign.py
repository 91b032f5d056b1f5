"""Foreign classifiers of five kinds, and folders of pictures of people who do not exist, for the tests of the audit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from mia_kit.attacks.prior_to_target import resize
from mia_kit.data.pictures import to_bytes, to_floats
from mia_kit.models.convolutional_gan import ConvolutionalPrior
from mia_kit.models.priors import Prior
from mia_kit.training import fit
from mia_kit.training.prior import write_prior

SPREAD = 0.5  # of a picture from its identity; see mia_kit.studies.inversion.people


@dataclass(frozen=True)
class World:
    """Folders of pictures: `train`, `unseen` and `public` below `root`, and the pictures as uint8 tensors."""

    root: Path
    train: tuple[Tensor, Tensor]
    unseen: tuple[Tensor, Tensor]


def draw_world(
    root: Path, prior: Prior, *, classes: int, per_class: int, size: int, grey: bool = False, spread: float = SPREAD
) -> World:
    """As many pictures of each class for training as unseen ones, written as PNG."""
    random = torch.Generator().manual_seed(classes)
    identities = torch.randn(classes, 1, prior.latent_size, generator=random)
    noise = torch.randn(classes, 2 * per_class, prior.latent_size, generator=random)
    latents = ((1 - spread**2) ** 0.5 * identities + spread * noise).flatten(0, 1)
    with torch.no_grad():
        parts = [prior.synthesise(prior.map(part)) for part in latents.split(64)]
    images = torch.cat([to_bytes(resize(part.mean(1, keepdim=True) if grey else part, (size, size))) for part in parts])
    images = images.view(classes, 2 * per_class, *images.shape[1:])
    sides = []
    for side, rows in (("train", images[:, :per_class]), ("unseen", images[:, per_class:])):
        for label, pictures in enumerate(rows):
            folder = root / side / f"person {label:03}"
            folder.mkdir(parents=True, exist_ok=True)
            for place, picture in enumerate(pictures):
                save(picture, folder / f"{place}.png")
        sides.append((rows.flatten(0, 1), torch.arange(classes).repeat_interleave(per_class)))
    return World(root, *sides)


def save(picture: Tensor, path: Path) -> None:
    """A uint8 picture (channels, h, w) as PNG."""
    pixels: np.ndarray = picture.permute(1, 2, 0).numpy()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(path)


def random_prior(path: Path, *, size: int = 32, channels: int = 3) -> Prior:
    """A generator with random weights, which draws patterns, written to `path`."""
    prior = ConvolutionalPrior(seed=0, latent_size=16, image_size=(channels, size, size), width=8)
    with torch.no_grad():  # the statistics of its batch norm are those of its own codes
        for _ in range(20):
            prior(torch.randn(64, 16))
    prior.eval().requires_grad_(False)
    write_prior(prior, path, width=8)
    return prior


class Normalised(nn.Module):
    """What a training script does: pictures in [0, 1], less their mean, over their deviation."""

    def __init__(self, network: nn.Module, mean: float, deviation: float) -> None:
        super().__init__()
        self.network, self.numbers = network, (mean, deviation)

    def forward(self, images: Tensor) -> Tensor:
        return self.network((images / 2 + 0.5 - self.numbers[0]) / self.numbers[1])


def train(
    network: nn.Module,
    pictures: tuple[Tensor, Tensor],
    *,
    epochs: int,
    rate: float = 2e-3,
    seed: int = 0,
    mean: float = 0.5,
    deviation: float = 0.25,
) -> nn.Module:
    """A training script of somebody else: no augmentation, hard labels."""
    fit(
        Normalised(network, mean, deviation),
        to_floats(pictures[0]),
        pictures[1],
        seed=seed,
        epochs=epochs,
        batch_size=32,
        learning_rate=rate,
        progress=False,
    )
    return network.eval()


def plain_network(classes: int, channels: int = 3, width: int = 16) -> nn.Sequential:
    """A plain `nn.Sequential`."""
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, 2, 1), nn.BatchNorm2d(width), nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, 2, 1), nn.BatchNorm2d(2 * width), nn.ReLU(),
        nn.Conv2d(2 * width, 4 * width, 3, 2, 1), nn.BatchNorm2d(4 * width), nn.ReLU(),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16 * width, 64), nn.ReLU(), nn.Linear(64, classes),
    )  # fmt: skip


def configuration(world: World, model: dict[str, Any], *, size: int, colours: int = 3, **more: Any) -> dict[str, Any]:
    """The configuration of an audit of a classifier that `train` made."""
    pictures = {
        "train": str(world.root / "train"),
        "unseen": str(world.root / "unseen"),
        "size": size,
        "colours": colours,
        "mean": [0.5],
        "deviation": [0.25],
    }
    return {"pictures": pictures, "model": model, "out": str(world.root / "out"), **more}
