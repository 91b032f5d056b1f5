"""A tiny world whose best answers are known: 8 x 8 pictures of four shades, a target that names the whitest.

Class k's feature is the shade of quarter k after a batch norm whose statistics must not move.
"""

import tiny_target
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

SIZE = (8, 8)
CLASSES = 4


class Quarters(nn.Module):
    """Class k's logit is the shade of quarter k, times 8, less that of the others."""

    def __init__(self, contrast: float = 8.0) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.BatchNorm1d(CLASSES))
        self.head = nn.Linear(CLASSES, CLASSES)
        with torch.no_grad():
            self.head.weight.copy_(contrast * (2 * torch.eye(CLASSES) - 1))
            self.head.bias.zero_()
        self.log = tiny_target.Log()
        self.eval()

    def features(self, images: Tensor) -> Tensor:
        self.log.note(images)
        return self.body(images)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.features(images))


class FlatPrior(tiny_target.FlatPrior):
    """The same, and counts the images it makes."""

    made = 0

    def synthesise(self, codes: Tensor) -> Tensor:
        self.made += len(codes)
        return super().synthesise(codes)


class ClassFlatPrior(FlatPrior):
    """The same, with a class that shows nowhere, so that only the search can reach it."""

    classes = CLASSES

    def codes(self, latents: Tensor, classes: Tensor) -> Tensor:
        return torch.cat([latents, one_hot(classes, CLASSES).to(latents)], dim=1)

    def synthesise(self, codes: Tensor) -> Tensor:
        return super().synthesise(codes[:, : self.latent_size])


def no_opinion(images: Tensor) -> Tensor:
    """A critic to whom all images look alike, but with gradients."""
    return 0 * images.sum(dim=(1, 2, 3))


def no_classes(images: Tensor) -> Tensor:
    """A discriminator of four classes to whom all images look alike."""
    return no_opinion(images)[:, None].expand(-1, CLASSES)


def public_images(count: int = 40) -> Tensor:
    """Quarters of random shades, the first `CLASSES` those of one white quarter each."""
    random = torch.randn(count, CLASSES, generator=torch.Generator().manual_seed(0))
    random[:CLASSES] = 4 * torch.eye(CLASSES) - 2
    return FlatPrior().synthesise(random)
