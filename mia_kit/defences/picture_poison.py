"""Defences that look at the picture that was asked about: each vector moves within a bound, from a random start.

`ConfidenceAPI` hands them the picture. LPA and LFP are those of Zhou et al., "Defending Against Neural Network Model
Inversion Attacks via Data Poisoning". LPA aligns every vector (`mia_kit.defences.alignment`) and none loses its label,
by construction (`mia_kit.defences.vectors`); with the criterion "squared" it is the paper's Poi_MSE. LFP reverses the
entries of a few vectors of each predicted class and aligns these, while the rest stay clean.

Where the paper is silent on LFP: within the threshold the least confident go first and beyond it the choice is random;
a share that is no whole number of vectors is rounded up or down at random, so that it holds on average for single
queries too; the alignment keeps the label that reversal has given. The repair of accuracy serves the second class: of
an unsure vector it is often the right one.

The ascents make a trained decoder's pictures worse. AdvExa (Wen, Yiu and Hui, "Defending Against Model Inversion Attack
by Adversarial Examples", IEEE CSR 2021) keeps the label; PGD is projected gradient ascent with no thought of it. Both
as the comparisons of Zhou et al., who do not say how far they went; the bound is LPA's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from mia_kit import check
from mia_kit.defences.alignment import AlignmentSettings, MoveSettings, Substitute, align
from mia_kit.defences.vectors import check_confidences, in_ball, poisoned, random_in_ball, repaired
from mia_kit.models import InversionDecoder
from mia_kit.signatures import checked
from mia_kit.snapshot import snapshot
from mia_kit.training.inversion import ERRORS, picture_errors
from mia_kit.training.seeds import Calls


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


class LabelPreservingPoison(PicturePoison):
    """LPA: poisons all vectors by the defender's decoder and its target, see `Substitute.aim`; none loses its label."""

    @checked
    def __init__(self, substitute: Substitute, *, seed: int, settings: AlignmentSettings | None = None) -> None:
        super().__init__(seed)
        self.substitute = substitute
        self.settings: AlignmentSettings = settings or AlignmentSettings()

    def _moved(self, clean: Tensor, images: Tensor, start: Tensor, moved: Tensor) -> Tensor:
        return align(self.substitute, clean, images, start, self.settings, moved=moved)


class LabelFlippingPoison(LabelPreservingPoison):
    """LFP: flips and poisons a share of the vectors, and leaves the others.

    `rate`, in [0, 1], is the share of each class that is flipped, vectors whose greatest confidence is below
    `threshold`, in [0, 1], first; `repair` serves the second class instead of the last one.
    """

    @checked
    def __init__(
        self,
        substitute: Substitute,
        *,
        seed: int,
        rate: float = 0.05,
        threshold: float = 0.9,
        repair: bool = False,
        settings: AlignmentSettings | None = None,
    ) -> None:
        super().__init__(substitute, seed=seed, settings=settings)
        self.rate, self.repair = check.in_range("rate", rate, 0, 1), repair
        self.threshold = check.in_range("threshold", threshold, 0, 1)

    def _chosen(self, confidences: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        mask = candidates(confidences, rate=self.rate, threshold=self.threshold, generator=generator)
        return torch.where(mask[:, None], flip(confidences, repair=self.repair), confidences), mask


def candidates(confidences: Tensor, *, rate: float, threshold: float, generator: Generator) -> Tensor:
    """Which vectors are flipped: a bool Tensor of shape (n,), True for a share `rate` of each predicted class."""
    greatest, classes = (part.cpu() for part in confidences.max(dim=1))
    mask = torch.zeros(len(classes), dtype=torch.bool)
    for label in classes.unique():
        rows = (classes == label).nonzero().squeeze(1)
        budget = int(rate * len(rows) + float(torch.rand((), generator=generator, dtype=torch.float64)))
        # Above the threshold the places are random numbers beyond all confidences.
        random = 2 + torch.rand(len(rows), generator=generator)
        places = torch.where(greatest[rows] < threshold, greatest[rows].float(), random)
        mask[rows[places.argsort()[:budget]]] = True
    return mask.to(confidences.device)


def flip(vectors: Tensor, *, repair: bool = False) -> Tensor:
    """Vectors of shape (n, classes) with reversed ranks; with `repair`, the second class is first, the others reversed.

    Of equal entries the first counts as the greater, as in `argmax`; without repair a row of equal entries stays.
    """
    order = vectors.argsort(dim=1, descending=True, stable=True)
    # The second class takes the greatest value, the first the least, the rest what reversal leaves them.
    repaired_order = torch.cat([order[:, 1:2], order[:, 2:].flip(1), order[:, :1]], dim=1)
    return torch.empty_like(vectors).scatter(1, repaired_order if repair else order.flip(1), vectors.gather(1, order))


@dataclass(frozen=True)
class AscentSettings(MoveSettings):
    """`error` is "mse" or "psnr", see `mia_kit.training.inversion`; the rest as in `MoveSettings`.

    `rounds` counts the vectors that are looked at, the random start among them: 1 round looks at that alone.
    """

    error: str = "mse"

    def __post_init__(self) -> None:
        super().__post_init__()
        check.one_of("error", self.error, ERRORS)


class ReconstructionAscent(PicturePoison):
    """Moves each vector to where the picture of the defender's trained `decoder` is worst of the way, and no better.

    `keeps_label` is True for AdvExa, False for PGD.
    """

    @checked
    def __init__(
        self, decoder: InversionDecoder, *, seed: int, keeps_label: bool, settings: AscentSettings | None = None
    ) -> None:
        super().__init__(seed)
        self.decoder, self.keeps_label = snapshot(decoder).requires_grad_(False), keeps_label
        self.settings: AscentSettings = settings or AscentSettings()

    def _moved(self, clean: Tensor, images: Tensor, start: Tensor, moved: Tensor) -> Tensor:
        """The worst vectors of the way, row by row, from the clean ones on."""
        settings, perturbation = self.settings, start
        with torch.no_grad():
            best, highest = clean, picture_errors(self.decoder(clean), images, settings.error)
        check.finite("the decoder's errors", highest)
        for _ in range(settings.rounds):
            perturbation = perturbation.detach().requires_grad_()
            with torch.enable_grad():
                made = poisoned(clean, perturbation, settings.bound, keeps_label=self.keeps_label)
                errors = picture_errors(self.decoder(made), images, settings.error)  # (n,)
                (gradient,) = torch.autograd.grad(errors.sum(), perturbation)
            worse = errors.detach() > highest
            highest = torch.where(worse, errors.detach(), highest)
            best = torch.where(worse[:, None], made.detach(), best)
            signs = gradient.nan_to_num().sign()
            perturbation = in_ball(perturbation.detach() + settings.step * settings.bound * signs, settings.bound)
        return repaired(best, clean, keeps_label=self.keeps_label)
