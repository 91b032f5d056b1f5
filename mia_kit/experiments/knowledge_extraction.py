"""Knowledge extraction score: what a classifier that saw nothing but reconstructions knows about the real people.

As in the label-smoothing paper (Struppek et al., ICLR 2024): a classifier is trained on the reconstructions, labelled
with the classes they aim at, and tested on the target's real training photographs. The paper trains a ResNet-50 from
ImageNet weights; here it is the small residual net from scratch. A score near chance means that the reconstructions
hold nothing that tells these people apart, whatever an evaluator says.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from mia_kit.experiments.face_targets import fit_classifier
from mia_kit.models import ResidualClassifier, in_batches


def knowledge_extraction(
    images: Tensor,
    targets: Tensor,
    real: Tensor,
    labels: Tensor,
    settings: dict[str, Any],
    *,
    seed: int,
    progress: bool = True,
) -> Tensor:
    """Whether each real photograph is classified correctly: a bool Tensor of shape (n,).

    Parameters
    ----------
    images : reconstructions of shape (m, channels, h, w) in [-1, 1]
    targets : the classes they aim at, of shape (m,)
    real, labels : the target's training photographs, (n, channels, h, w) in [-1, 1], and whose they are
    settings : width, epochs, batch_size and learning_rate

    Raises ValueError if the shapes do not fit.
    """
    classes = int(labels.max()) + 1
    student = ResidualClassifier(images.shape[1], classes, seed=seed, width=settings["width"])
    fit_classifier(student, images, targets, settings, seed=seed, progress=progress)
    return in_batches(student, real).argmax(dim=1) == labels
