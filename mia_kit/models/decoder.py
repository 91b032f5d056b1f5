"""A decoder from confidence vectors to pictures: the inversion model of training-based attacks, and of their defences.

Transposed convolutions with batch norm and tanh, as in Yang, Chang and Liang ("Neural Network Inversion in Adversarial
Setting via Background Knowledge Alignment", CCS 2019), whose decoder for 64 pixels has five of them, 1024 channels wide
at first: `blocks=5, width=128`. The first makes a small square of the vector, the next ones double it, and blocks that
are left over keep its size. Yang's pictures lie in [0, 1] and end in a sigmoid; ours lie in [-1, 1] and end in tanh.

The decoder sees the confidences as they are. Yang et al. show it their shifted logarithms, which `logarithm` does: here
that makes the weaker attacker, whose training can collapse to one picture for all vectors.
"""

from __future__ import annotations

import math

from torch import Tensor, nn

from mia_kit import check
from mia_kit.models.classifier import check_classes
from mia_kit.seeds import seeded

SHIFT = 50.0


class InversionDecoder(nn.Module):
    """Pictures of `size` pixels a side for confidence vectors of `classes` entries.

    size : at least 8 and divisible by 2 as often as it is doubled, such as 8, 16, 28, 32, 64
    blocks : transposed convolutions, 4, 5 or 6 in the papers; at least 2
    width : channels of the last hidden block, doubled in each block before it up to 8 times as many
    logarithm : whether it sees `shifted_logarithms` instead of the confidences
    """

    def __init__(
        self,
        classes: int,
        channels: int,
        size: int,
        *,
        seed: int,
        blocks: int = 5,
        width: int = 128,
        logarithm: bool = False,
    ) -> None:
        super().__init__()
        channels, classes = check_classes(channels, classes)
        size, blocks = check.count("size", size, 8), check.count("blocks", blocks, 2)
        width = check.count("width", width)
        self.classes, self.channels, self.size, self.logarithm = classes, channels, size, logarithm
        hidden = [min(8, 2 ** (blocks - 2 - place)) * width for place in range(blocks - 1)]
        with seeded(seed):
            parts: list[nn.Module] = []
            for inputs, outputs, shape in zip([classes, *hidden], hidden, _shapes(size, blocks), strict=False):
                parts += [nn.ConvTranspose2d(inputs, outputs, *shape, bias=False), nn.BatchNorm2d(outputs), nn.Tanh()]
            parts += [nn.ConvTranspose2d(hidden[-1], channels, *_shapes(size, blocks)[-1]), nn.Tanh()]
            self.body = nn.Sequential(*parts)

    def forward(self, confidences: Tensor) -> Tensor:
        """Pictures of shape (n, channels, size, size) in [-1, 1] for `confidences` of shape (n, classes) in [0, 1]."""
        check.floats("confidences", confidences, ("n", self.classes))
        seen = shifted_logarithms(confidences) if self.logarithm else confidences.clamp_min(0)
        return self.body(seen[:, :, None, None])  # (n, classes, 1, 1) -> (n, channels, size, size)


def shifted_logarithms(confidences: Tensor) -> Tensor:
    """relu(log p + 50) of confidences of shape (n, classes), with gradients that are finite also where p = 0.

    Yang et al. clamp log p at -1000 and lift a vector as a whole by what its least entry lacks to 0. That is the same
    where all p exceed exp(-50) = 2e-22; below, one confidence that is rounded to 0 would move all others by 950.
    """
    check.floats("confidences", confidences, ("n", "classes"))
    return (confidences.clamp_min(math.exp(-SHIFT)).log() + SHIFT).clamp_min(0)


def _shapes(size: int, blocks: int) -> list[tuple[int, int, int]]:
    """Kernel, stride and padding of each block: one pixel to a square, keep it, double it up to `size`."""
    doublings = 0
    while doublings < blocks - 1 and size >> doublings >= 8 and (size >> doublings) % 2 == 0:
        doublings += 1
    square = size >> doublings
    if square > 8:
        raise ValueError(
            f"size must come down to 4 to 8 pixels when it is halved by fewer than {blocks} blocks, such as 8, 16, 28, "
            f"32 or 64, got {size} instead"
        )
    return [(square, 1, 0)] + [(3, 1, 1)] * (blocks - 1 - doublings) + [(4, 2, 1)] * doublings
