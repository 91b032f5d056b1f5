"""Model stealing: a student that learns what a service answers (Tramèr et al., USENIX Security 2016).

As in "Knockoff Nets" (Orekondy et al., CVPR 2019) the thief has other pictures than the owner had, asks once about each
and trains on the confidences. He knows the kind of network and begins from the same public weights, as two people who
both begin from ImageNet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from mia_kit.access import ConfidenceAPI
from mia_kit.experiments.face_targets import KINDS
from mia_kit.models import Classifier, in_batches, transplant
from mia_kit.training import fit
from mia_kit.training.augment import usual_augmentation


@dataclass(frozen=True)
class AnswersObjective:
    """Cross-entropy with served confidences as soft labels, an objective for `fit`."""

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, epoch: int) -> Tensor:
        """The mean loss of a batch; `labels` are confidences of shape (n, classes)."""
        return cross_entropy(model(images), labels)


def steal(
    access: ConfidenceAPI,
    images: Tensor,
    settings: dict[str, Any],
    *,
    seed: int,
    trunk: dict[str, Tensor] | None = None,
    progress: bool = True,
) -> Classifier:
    """A student that was trained on what the service says of `images`, each of them asked about once.

    Parameters
    ----------
    images : Tensor of shape (n, channels, h, w) in [-1, 1]; as many queries
    settings : the student's width, epochs, batch_size and learning_rate
    trunk : weights to begin from, see `transplant`
    """
    answers = in_batches(access.confidences, images)  # (n, classes)
    student = KINDS["target"](images.shape[1], answers.shape[1], seed=seed, width=settings["width"])
    if trunk is not None:
        transplant(student, trunk)
    fit(
        student,
        images,
        answers,
        seed=seed,
        objective=AnswersObjective(),
        augment=usual_augmentation(images.shape[1]),
        epochs=settings["epochs"],
        batch_size=settings["batch_size"],
        learning_rate=settings["learning_rate"],
        progress=progress,
    )
    return student
