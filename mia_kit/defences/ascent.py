"""Two defences that make a trained decoder's reconstructions worse, picture by picture, by gradient ascent.

AdvExa (Wen, Yiu and Hui, "Defending Against Model Inversion Attack by Adversarial Examples", IEEE CSR 2021): an
adversarial example against the decoder that keeps the label. PGD: the same by projected gradient ascent with no
thought of the label. Both as the comparisons of Zhou et al., who do not say how far they went; the bound is LPA's.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mia_kit.defences.vectors import check_bound, check_confidences, in_ball, poisoned, random_in_ball, repaired
from mia_kit.models import InversionDecoder
from mia_kit.training.inversion import check_error, picture_errors


@dataclass(frozen=True)
class AscentSettings:
    """`bound` as in `AlignmentSettings`; `step` of each entry in each of the `rounds`, in units of the bound."""

    bound: float = 0.004
    rounds: int = 20
    step: float = 0.1
    error: str = "mse"
    batch_size: int = 128

    def __post_init__(self) -> None:
        check_bound(self.bound)
        check_error(self.error)
        if self.rounds < 1 or self.batch_size < 1 or not self.step > 0:
            raise ValueError(
                "rounds and batch_size must be at least 1 and step above 0, "
                f"got {self.rounds}, {self.batch_size} and {self.step} instead"
            )


class ReconstructionAscent:
    """Moves each vector to where the decoder's picture is worst, for `ConfidenceAPI`.

    The starts of a call depend on `seed` and on the calls before it.

    Parameters
    ----------
    decoder : the defender's, trained; it is put into evaluation mode
    keeps_label : True for AdvExa, False for PGD
    """

    def __init__(
        self, decoder: InversionDecoder, *, seed: int, keeps_label: bool, settings: AscentSettings | None = None
    ) -> None:
        self.decoder, self.seed, self.keeps_label = decoder.eval(), seed, keeps_label
        self.settings = settings or AscentSettings()
        self.calls = 0

    def poison(self, confidences: Tensor, images: Tensor) -> Tensor:
        """Probability vectors, each at most the bound from its own, for which the decoder errs no less than before.

        Arguments and errors are those of `LabelPreservingPoison.poison`.
        """
        check_confidences(confidences)
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.calls)
        self.calls += 1
        start = random_in_ball(confidences, self.settings.bound, generator)
        size = self.settings.batch_size
        parts = zip(confidences.split(size), images.split(size), start.split(size), strict=True)
        return torch.cat([self._ascend(*part) for part in parts])

    def _ascend(self, clean: Tensor, images: Tensor, perturbation: Tensor) -> Tensor:
        """The worst vectors of the way, row by row, from the clean ones on."""
        settings = self.settings
        with torch.no_grad():
            best, highest = clean, picture_errors(self.decoder(clean), images, settings.error)
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
