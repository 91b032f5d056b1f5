"""What every membership attack returns, and the two signals it reads from a model's answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor

from mia_kit import check
from mia_kit.access import ConfidenceAPI, WhiteBox
from mia_kit.models import in_batches
from mia_kit.signatures import checked
from mia_kit.smoothing import at_least_float32
from mia_kit.training.fit import Augment

# Confidences of a service are single precision: one of exactly 0 or 1 stands for anything nearer to it than this.
NEAREST = 2.0**-24


@dataclass(frozen=True, eq=False)
class Verdicts:
    """An attack's belief about each of n examples. ValueError if one is NaN, which would read as protection.

    scores : float array of shape (n,), the higher the more like a member
    threshold : the attack says member where the score is above it
    """

    scores: np.ndarray
    threshold: float

    def __post_init__(self) -> None:
        check.number("threshold", self.threshold)
        unknown = int(np.isnan(self.scores).sum())
        if unknown:
            raise ValueError(f"scores must be numbers, got {unknown} NaN of {len(self.scores)} instead")

    @property
    def says_member(self) -> np.ndarray:
        """bool array of shape (n,)."""
        return self.scores > self.threshold


@checked
def losses_and_confidences(
    access: WhiteBox | ConfidenceAPI, images: Tensor, labels: Tensor
) -> tuple[np.ndarray, np.ndarray]:
    """The two signals of each image's own label: its loss, and its confidence p on the logit scale, log p / (1 - p).

    `access` is asked for logits where it gives them, as confidences saturate. `images` has the shape (n, channels, h,
    w) in [-1, 1], `labels` int64 the shape (n,). Returns two float64 arrays of shape (n,), finite for finite logits.
    """
    check.images(images)
    check.labels(labels, classes=None, length=len(images))
    scaled = _scaled_confidences(access, images, labels)
    return np.logaddexp(0, -scaled), scaled


def copy_losses(
    access: WhiteBox | ConfidenceAPI,
    images: Tensor,
    labels: Tensor,
    augment: Augment | None,
    *,
    copies: int,
) -> np.ndarray:
    """Losses of each image and of changed copies of it, for `augmentation_aware`: float64 of shape (n, copies).

    The first copy is the image itself. `augment` is what the model was trained with: (images, generator) -> images. A
    model that was trained without has seen the plain image alone: None gives it again and again, and the attack is then
    the powerful one.
    """
    copies = check.count("copies", copies)
    plain = losses_and_confidences(access, images, labels)[0]
    if augment is None:
        return np.repeat(plain[:, None], copies, axis=1)
    changed = (augment(images, Generator().manual_seed(copy)) for copy in range(1, copies))
    others = [np.logaddexp(0, -_scaled_confidences(access, each, labels)) for each in changed]
    return np.stack([plain, *others], axis=1)


@checked
def scaled_confidences(logits: Tensor, labels: Tensor) -> np.ndarray:
    """log p / (1 - p) of each label's confidence p, float64 of shape (n,), from logits or logarithms (n, classes).

    Written as the label's logit less the log-sum-exp of the others, which stays exact where p rounds to 1 (Carlini et
    al., S&P 2022, section VI-A).
    """
    check.floats("logits", logits, ("n", "classes"))
    return log_odds(logits.detach().cpu().double(), check.labels(labels, classes=None).cpu()).numpy()


def log_odds(logits: Tensor, labels: Tensor) -> Tensor:
    """log p / (1 - p) of each label's confidence, with gradients, which do not saturate: as `scaled_confidences`.

    Infinite where a label is ruled out, or all others are.
    """
    check.labels(labels, classes=logits.shape[1], length=len(logits))
    place, logits = labels[:, None], at_least_float32(logits)
    others = logits.scatter(1, place, -torch.inf).logsumexp(dim=1)
    return logits.gather(1, place)[:, 0] - others


def _scaled_confidences(access: WhiteBox | ConfidenceAPI, images: Tensor, labels: Tensor) -> np.ndarray:
    ask = access.logits if isinstance(access, WhiteBox) else access.confidences
    answers = in_batches(lambda batch: ask(batch.to(access.device)).double().cpu(), images, batch_size=256)
    if isinstance(access, WhiteBox):
        return scaled_confidences(answers, labels)
    place = check.labels(labels, classes=answers.shape[1]).cpu()[:, None]
    right, others = answers.gather(1, place)[:, 0], answers.scatter(1, place, 0).sum(dim=1)  # (n,) each
    return (right.clamp(min=NEAREST).log() - others.clamp(min=NEAREST).log()).numpy()
