"""A tiny world whose best answers are known: 8 x 8 pictures of four shades, a target that names the whitest."""

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from mia_kit.attacks import Reconstructions
from mia_kit.attacks.crops import Crop

SIZE = (8, 8)
CLASSES = 4
WHOLE = Crop(area=(1.0, 1.0))  # a mirror image is another class


class Log:
    """What a model was asked, and its copies: access answers from a copy."""

    def __init__(self) -> None:
        self.batches, self.with_gradients = list[int](), False

    def note(self, images: Tensor) -> None:
        self.batches.append(len(images))
        self.with_gradients |= images.requires_grad

    def __deepcopy__(self, memo: dict) -> "Log":
        return self


class Lead(nn.Module):
    """Each number times `scale`, less those of the others: a linear head whose sums do not know the size of a batch."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.register_buffer("scale", torch.tensor(float(scale)))

    def forward(self, shades: Tensor) -> Tensor:
        return self.scale * (2 * shades - shades.sum(dim=1, keepdim=True))


class Quarters(nn.Module):
    """Class k's logit is the mean shade of quarter k, times `scale`, less that of the others.

    Its features are the shades after a batch norm whose statistics must not move. Its `log` says how many images came
    in each call so far, and whether any call could have given gradients.
    """

    def __init__(self, scale: float = 8) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.BatchNorm1d(CLASSES, eps=1e-12, affine=False)
        )
        self.head, self.log = Lead(scale), Log()
        self.eval()

    def features(self, images: Tensor) -> Tensor:
        self.log.note(images)
        return self.body(images)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.features(images))


class FlatPrior:
    """Four latents, one for the shade of each quarter of an 8 x 8 picture. Counts the pictures that it makes."""

    latent_size = CLASSES
    image_size = (1, *SIZE)
    made = 0

    def map(self, latents: Tensor) -> Tensor:
        return latents

    def synthesise(self, codes: Tensor) -> Tensor:
        self.made += len(codes)
        quarters = torch.tanh(codes).view(-1, 1, 2, 2)
        return quarters.repeat_interleave(4, 2).repeat_interleave(4, 3)


class ClassFlatPrior(FlatPrior):
    """The same, with a class that shows nowhere, so that only the search can reach it."""

    classes = CLASSES

    def codes(self, latents: Tensor, classes: Tensor) -> Tensor:
        return torch.cat([latents, one_hot(classes, CLASSES).to(latents)], dim=1)

    def synthesise(self, codes: Tensor) -> Tensor:
        return super().synthesise(codes[:, : self.latent_size])


def shades(images: Tensor) -> Tensor:
    """Of each quarter: shape (n, 4)."""
    return images[:, 0, ::4, ::4].flatten(1)


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


def same(left: Reconstructions, right: Reconstructions, rows: slice = slice(None)) -> bool:
    """Whether `left` is `right`, or these rows of it, to the last bit; NaN is NaN."""
    names = ("images", "codes", "targets", "scores", "selected")
    traces = ("losses", "gradient_norms", "gradient_cosines")
    pairs = [(getattr(left, name), getattr(right, name)[rows]) for name in names]
    pairs += [(getattr(left.trace, name), getattr(right.trace, name)[:, rows]) for name in traces]
    return all(torch.equal(mine.nan_to_num(-7), other.nan_to_num(-7)) for mine, other in pairs)
