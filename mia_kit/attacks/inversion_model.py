"""Training-based inversion: a decoder learns to turn a model's confidences back into pictures, without any gradient.

Yang, Chang and Liang, "Neural Network Inversion in Adversarial Setting via Background Knowledge Alignment" (CCS 2019).
The attacker asks the service about pictures of his own, whose classes may be others than the private ones, trains a
decoder on the pairs of answer and picture, and feeds it the answers that the service gave about private pictures.

Unlike other attacks it needs such answers, `vectors`, and makes a picture of each, not of each class.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from mia_kit import check
from mia_kit.access import ConfidenceAPI, WhiteBox
from mia_kit.attacks.prior_to_target import check_targets
from mia_kit.attacks.reconstructions import Reconstructions, Trace
from mia_kit.models.batches import in_batches
from mia_kit.models.decoder import InversionDecoder
from mia_kit.models.diffusion_decoder import DiffusionDecoder
from mia_kit.signatures import checked
from mia_kit.training.fit import FitResult
from mia_kit.training.inversion import check_error, train_decoder

# What an attacker does to served vectors before his decoder sees them, see `mia_kit.attacks.adaptive`.
Adaptation = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Settings:
    """Yang et al.'s numbers, but that the decoder sees plain confidences: the stronger attacker here.

    blocks, width, top_k, logarithm : of the decoder, see `InversionDecoder`
    error : what the decoder minimises, "mse" or "psnr"
    repeats : how often each auxiliary picture is asked about; the answers are averaged
    """

    blocks: int = 5
    width: int = 128
    top_k: int | None = None
    logarithm: bool = False
    error: str = "mse"
    repeats: int = 1
    epochs: int = 100
    batch_size: int = 128
    learning_rate: float = 2e-4

    def __post_init__(self) -> None:
        check_error(self.error)
        check.whole_fields(self, blocks=2, width=1, repeats=1, epochs=1, batch_size=1)
        check.in_range("learning_rate", self.learning_rate, 0, open_ends="low")


@dataclass(frozen=True, eq=False)
class InversionModel:
    """A trained decoder in evaluation mode, how training went, and the images that the service was asked about.

    seeds, collapsed : as in `TrainedDecoder`; a diffusion model has one seed and is not looked at
    """

    decoder: InversionDecoder | DiffusionDecoder
    training: FitResult
    queries: int
    seeds: tuple[int, ...]
    collapsed: bool = False

    def invert(self, vectors: Tensor) -> Tensor:
        """Pictures of shape (m, channels, size, size) in [-1, 1], on the CPU, of `vectors` of shape (m, classes)."""
        place = next(self.decoder.parameters()).device
        return in_batches(lambda batch: self.decoder(batch.to(place)).cpu(), vectors)


@checked
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
    """Train a decoder on the service's answers about `auxiliary` pictures, and decode `vectors`.

    The codes are the vectors; `start_latents` holds the row of each in `vectors`, to compare it with its picture; the
    score is its greatest confidence, and the class that has it the target. Vectors of other classes than
    `target_classes` are left out. There is no loss for each candidate: `train` shows the course of training.

    access : answers with confidences; AccessError for labels alone
    vectors : Tensor of shape (n, classes), what the service answered about private pictures
    auxiliary : Tensor of shape (k, channels, size, size) in [-1, 1], the attacker's own pictures
    seed : seeds the decoder's weights and the order of the pictures; a decoder that collapses is trained anew with
        another seed, and `train` says which, see `mia_kit.training.inversion.train_decoder`
    adaptation : vectors of shape (n, classes) to vectors of that shape, in training and in use; none by default
    checkpoint : as in `fit`

    Raises ValueError if a shape does not fit, an answer is not finite, a class is out of range or given twice, or no
    vector is of these classes.
    """
    target_classes = _check_given(target_classes, vectors)
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


@checked
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
    """The first half of `run`: ask about the auxiliary pictures and train the decoder. Arguments are those of `run`."""
    settings, before = settings or Settings(), access.queries
    answers = ask(access, auxiliary, repeats=settings.repeats)  # (k, classes)
    seen = adaptation(answers) if adaptation else answers

    def fresh(seed: int) -> InversionDecoder:
        return InversionDecoder(
            seen.shape[1],
            auxiliary.shape[1],
            auxiliary.shape[2],
            seed=seed,
            blocks=settings.blocks,
            width=settings.width,
            top_k=settings.top_k,
            logarithm=settings.logarithm,
        ).to(access.device)

    trained = train_decoder(
        fresh,
        seen,
        auxiliary.to(access.device),
        seed=seed,
        error=settings.error,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        checkpoint=checkpoint,
        progress=progress,
    )
    return InversionModel(trained.decoder, trained.training, access.queries - before, trained.seeds, trained.collapsed)


def decode(
    model: InversionModel, vectors: Tensor, target_classes: Sequence[int], *, adaptation: Adaptation | None = None
) -> Reconstructions:
    """The second half of `run`: a picture of each vector of the target classes, target after target."""
    target_classes = _check_given(target_classes, vectors)
    scores, classes = vectors.detach().cpu().max(dim=1)  # (n,), (n,)
    rows = torch.cat([(classes == target).nonzero().squeeze(1) for target in target_classes])  # (m,)
    if not len(rows):
        raise ValueError(f"expected vectors of the classes {target_classes}, got none among {len(vectors)} instead")
    seen = adaptation(vectors) if adaptation else vectors
    codes = vectors.detach().cpu()[rows]
    return Reconstructions(
        images=model.invert(seen.detach()[rows.to(seen.device)]),
        codes=codes,
        targets=classes[rows],
        start_latents=rows,
        scores=scores[rows],
        selected=_best(scores[rows], classes[rows]),
        trace=Trace.of_losses(torch.empty(0, len(rows))),
        queries=model.queries,
        film=codes.new_empty(0, *codes.shape),
    )


def ask(access: ConfidenceAPI | WhiteBox, images: Tensor, *, repeats: int = 1, batch_size: int = 128) -> Tensor:
    """The service's answers about `images`, of shape (n, classes), without gradients; the mean of `repeats` calls.

    ValueError unless the pictures are square, of shape (n, channels, size, size), the channels are the service's, and
    its answers finite.
    """
    check.images(images, channels=access.channels)
    check.shape("square images", images, ("n", "channels", images.shape[2], images.shape[2]))
    answers = [
        in_batches(lambda batch: access.confidences(batch.to(access.device)), images, batch_size=batch_size)
        for _ in range(repeats)
    ]
    check.finite("the service's answers", torch.stack(answers))
    return torch.stack(answers).mean(dim=0)


def _check_given(target_classes: Sequence[int], vectors: Tensor) -> list[int]:
    """ValueError unless `vectors` are finite, of shape (n, classes), and the targets different ones of the classes."""
    check.floats("vectors", vectors, ("n", "classes"))
    check.finite("vectors", vectors)
    return check_targets(target_classes, vectors.shape[1])


def _best(scores: Tensor, targets: Tensor) -> Tensor:
    """True for the highest score of each target."""
    best = torch.zeros_like(targets, dtype=torch.bool)
    for target in targets.unique():
        rows = (targets == target).nonzero().squeeze(1)
        best[rows[scores[rows].argmax()]] = True
    return best
