"""A prior and a target small enough that an attack's best answer is known."""

import torch
from torch import Tensor, nn

from mia_kit.attacks import Reconstructions


class FlatPrior:
    """Four latents, one for the shade of each quarter of an 8 x 8 picture."""

    latent_size = 4
    image_size = (1, 8, 8)

    def map(self, latents: Tensor) -> Tensor:
        return latents

    def synthesise(self, codes: Tensor) -> Tensor:
        quarters = torch.tanh(codes).view(-1, 1, 2, 2)
        return quarters.repeat_interleave(4, 2).repeat_interleave(4, 3)


class Log:
    """What a model was asked, and its copies: access answers from a copy."""

    def __init__(self) -> None:
        self.batches, self.with_gradients = list[int](), False

    def note(self, images: Tensor) -> None:
        self.batches.append(len(images))
        self.with_gradients |= images.requires_grad

    def __deepcopy__(self, memo: dict) -> "Log":
        return self


class Quarters(nn.Module):
    """Class k's logit is the mean shade of quarter k, times `scale`, less that of the others.

    Its `log` says how many images came in each call so far, and whether any call could have given gradients.
    """

    def __init__(self, scale: float = 8) -> None:
        super().__init__()
        self.scale, self.log = scale, Log()

    def forward(self, images: Tensor) -> Tensor:
        self.log.note(images)
        shades = nn.functional.adaptive_avg_pool2d(images, 2).flatten(1)  # (n, 4)
        return self.scale * (2 * shades - shades.sum(dim=1, keepdim=True))


class NeverThree(Quarters):
    """The same without class 3, which no picture gets."""

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images) - torch.tensor([0.0, 0.0, 0.0, 1e4])


def same(left: Reconstructions, right: Reconstructions, rows: slice = slice(None)) -> bool:
    """Whether `left` is `right`, or these rows of it, to the last bit; NaN is NaN."""
    names = ("images", "codes", "targets", "start_latents", "scores", "selected")
    traces = ("losses", "gradient_norms", "gradient_cosines")
    pairs = [(getattr(left, name), getattr(right, name)[rows]) for name in names]
    pairs += [(getattr(left.trace, name), getattr(right.trace, name)[:, rows]) for name in traces]
    return all(torch.equal(one.nan_to_num(-7), two.nan_to_num(-7)) for one, two in pairs)
