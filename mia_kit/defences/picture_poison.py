"""What the defences that look at the picture share: each vector moves within a bound, from a random start of its own.

`ConfidenceAPI` hands them the picture that was asked about. LPA, LFP and the ascents differ in where they move to.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from mia_kit import check
from mia_kit.defences.vectors import check_bound, check_confidences, random_in_ball
from mia_kit.training.seeds import Calls


@dataclass(frozen=True)
class MoveSettings:
    """How far and how long vectors are moved.

    bound : of the served vector's distance from the clean one, in the 2-norm. The paper does not name its own; on
        FaceScrub a distortion of 0.0034 points to 0.004
    rounds : steps
    step : of each entry in the first rounds, in units of the bound
    batch_size : vectors that are moved together
    """

    bound: float = 0.004
    rounds: int = 20
    step: float = 0.1
    batch_size: int = 128

    def __post_init__(self) -> None:
        check_bound(self.bound)
        check.whole_fields(self, rounds=1, batch_size=1)
        check.in_range("step", self.step, 0, open_ends="low")


class PicturePoison(ABC):
    """A defence for `ConfidenceAPI` that sees the picture.

    The random numbers of a call depend on `seed` and on the calls before it: who asks twice gets two answers, and may
    average.
    """

    settings: MoveSettings

    def __init__(self, seed: int) -> None:
        self._calls = Calls(seed)

    def poison(self, confidences: Tensor, images: Tensor) -> Tensor:
        """Probability vectors of shape (n, classes), each at most `settings.bound` from where it is moved from.

        `confidences` has the shape (n, classes), `images` (n, channels, size, size) in [-1, 1], the decoder's size.
        ValueError for other shapes or rows that are no probability vectors.
        """
        check_confidences(confidences)
        check.images(images)
        generator = self._calls.generator()
        clean, moved = self._chosen(confidences, generator)
        start = random_in_ball(confidences, self.settings.bound, generator)
        size = self.settings.batch_size
        parts = zip(clean.split(size), images.split(size), start.split(size), moved.split(size), strict=True)
        return torch.cat([self._moved(*part) if part[3].any() else part[0] for part in parts])

    def _chosen(self, confidences: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        """Where vectors are moved from, of shape (n, classes), and which are moved, bool of shape (n,): all of them."""
        return confidences, torch.ones(len(confidences), dtype=torch.bool, device=confidences.device)

    @abstractmethod
    def _moved(self, clean: Tensor, images: Tensor, start: Tensor, moved: Tensor) -> Tensor:
        """One batch, moved from `clean`; `start` are perturbations, and rows that are not `moved` stay."""
