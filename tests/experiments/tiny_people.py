"""People of a few grey or coloured pixels, for the tests of the face experiments."""

import numpy as np
import torch
from torch import Tensor, nn

from mia_kit.data import DataCard, ImageSet
from mia_kit.experiments.face_people import People


def numbered_faces(counts: list[int], *, size: tuple[int, int] = (4, 4), colour: bool = False) -> ImageSet:
    """Picture number i is of the shade i all over, so that it is known again; the people are mixed up."""
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    shades = np.arange(len(labels), dtype=np.uint8).reshape(-1, 1, 1)
    images = np.tile(shades, (1, *size))
    images = np.stack([images] * 3, axis=-1) if colour else images
    return ImageSet(images, labels, tuple("abcdefgh"[: len(counts)]), DataCard.read("orl"))


def shaded_people(*, classes: int = 3, each: int = 6, pool: int = 3, lie: bool = False) -> People:
    """Grey people of 16 x 16, told apart by shade; with `lie` the evaluator is shown the next person instead."""
    labels = torch.arange(classes).repeat_interleave(each)
    order = torch.arange(each).repeat(classes)
    shown = (labels + (order >= pool)) % classes if lie else labels
    noise = torch.randint(-10, 11, (len(labels), 1, 16, 16), generator=torch.Generator().manual_seed(0))
    shades = 20 + 215 * shown // (classes - 1)
    images = (shades.view(-1, 1, 1, 1) + noise).byte()
    return People(images, labels, order, pool, tuple("abcdefgh"[:classes]))


class Quarters(nn.Module):
    """The features are the mean shades of the four quarters, those of the classes 0 to 3, and so are the logits."""

    def features(self, images: Tensor) -> Tensor:
        return nn.functional.adaptive_avg_pool2d(images.mean(dim=1, keepdim=True), 2).flatten(1)

    def forward(self, images: Tensor) -> Tensor:
        return self.features(images)


class FlatPrior:
    """Four latents, one for the shade of each quarter of a 16 x 16 picture in colour."""

    latent_size = 4
    image_size = (3, 16, 16)

    def map(self, latents: Tensor) -> Tensor:
        return latents

    def synthesise(self, codes: Tensor) -> Tensor:
        quarters = torch.tanh(codes).view(-1, 1, 2, 2).expand(-1, 3, -1, -1)
        return quarters.repeat_interleave(8, 2).repeat_interleave(8, 3)
