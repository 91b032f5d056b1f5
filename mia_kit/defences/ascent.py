"""Two defences that make a trained decoder's reconstructions worse, picture by picture, by gradient ascent.

AdvExa (Wen, Yiu and Hui, "Defending Against Model Inversion Attack by Adversarial Examples", IEEE CSR 2021): an
adversarial example against the decoder that keeps the label. PGD: the same by projected gradient ascent with no
thought of the label. Both as the comparisons of Zhou et al., who do not say how far they went; the bound is LPA's.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mia_kit import check
from mia_kit.defences.picture_poison import MoveSettings, PicturePoison
from mia_kit.defences.vectors import in_ball, poisoned, repaired
from mia_kit.models import InversionDecoder
from mia_kit.signatures import checked
from mia_kit.snapshot import snapshot
from mia_kit.training.inversion import ERRORS, picture_errors


@dataclass(frozen=True)
class AscentSettings(MoveSettings):
    """`error` is "mse" or "psnr", see `mia_kit.training.inversion`; the rest as in `MoveSettings`."""

    error: str = "mse"

    def __post_init__(self) -> None:
        super().__post_init__()
        check.one_of("error", self.error, ERRORS)


class ReconstructionAscent(PicturePoison):
    """Moves each vector to where the decoder's picture is worst of the way, and no better; see `PicturePoison`.

    decoder : the defender's, trained; it is kept as a copy
    keeps_label : True for AdvExa, False for PGD
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
