"""Training-based inversion by a diffusion model: slower than a decoder, and its pictures are sharp where it guesses.

Zhou et al., "Defending Against Neural Network Model Inversion Attacks via Data Poisoning", table 5: a conditional
diffusion model with guidance 0, 0.5 or 2 in place of the decoder of `mia_kit.attacks.inversion_model`. Everything else
is the same: the attacker asks about pictures of his own, learns to go back from answers to pictures, and goes back from
the answers about private pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from mia_kit import check
from mia_kit.access import ConfidenceAPI, WhiteBox
from mia_kit.attacks.inversion_model import Adaptation, InversionModel, ask, decode
from mia_kit.attacks.prior_to_target import check_targets
from mia_kit.attacks.reconstructions import Reconstructions
from mia_kit.models.diffusion_decoder import DiffusionDecoder
from mia_kit.training.inversion import fit_denoiser


@dataclass(frozen=True)
class Settings:
    """Ours: the paper gives the guidance alone.

    widths, guidance, steps : of the model, see `DiffusionDecoder`
    """

    widths: tuple[int, ...] = (16, 32, 32)
    guidance: float = 0.5
    steps: int = 20
    epochs: int = 100
    batch_size: int = 64
    learning_rate: float = 2e-3

    def __post_init__(self) -> None:
        check.whole_fields(self, steps=1, epochs=1, batch_size=1)
        check.in_range("guidance", self.guidance, 0)
        check.in_range("learning_rate", self.learning_rate, 0, open_ends="low")


def run(
    access: ConfidenceAPI | WhiteBox,
    target_classes: Sequence[int],
    *,
    vectors: Tensor,
    auxiliary: Tensor,
    seed: int,
    settings: Settings | None = None,
    adaptation: Adaptation | None = None,
    checkpoint: Path | None = None,
    progress: bool = True,
) -> Reconstructions:
    """Train a diffusion model on the service's answers about `auxiliary` pictures, and decode `vectors`.

    Arguments, results and errors are those of `mia_kit.attacks.inversion_model.run`; ImportError with the command to
    run if diffusers is missing.
    """
    check.floats("vectors", vectors, ("n", "classes"))
    check_targets(target_classes, vectors.shape[1])
    model = train(
        access,
        auxiliary,
        seed=seed,
        settings=settings,
        adaptation=adaptation,
        checkpoint=checkpoint,
        progress=progress,
    )
    return decode(model, vectors, target_classes, adaptation=adaptation)


def train(
    access: ConfidenceAPI | WhiteBox,
    auxiliary: Tensor,
    *,
    seed: int,
    settings: Settings | None = None,
    adaptation: Adaptation | None = None,
    checkpoint: Path | None = None,
    progress: bool = True,
) -> InversionModel:
    """The first half of `run`: ask about the auxiliary pictures and train the model. Arguments are those of `run`."""
    settings, before = settings or Settings(), access.queries
    answers = ask(access, auxiliary)  # (k, classes)
    seen = adaptation(answers) if adaptation else answers
    decoder = DiffusionDecoder(
        seen.shape[1],
        auxiliary.shape[1],
        auxiliary.shape[2],
        seed=seed,
        widths=settings.widths,
        guidance=settings.guidance,
        steps=settings.steps,
    ).to(access.device)
    result = fit_denoiser(
        decoder,
        seen,
        auxiliary.to(access.device),
        seed=seed,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        checkpoint=checkpoint,
        progress=progress,
    )
    return InversionModel(decoder, result, access.queries - before, (seed,))
