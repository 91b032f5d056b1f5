"""The classifiers of the face experiments: public pretraining, targets, and the evaluator that judges attacks.

The target is a residual net, the evaluator a plain convolutional one; they share no photograph of the people under
attack. Both may begin from the same public photographs, as the paper's begin from ImageNet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from mia_kit.data.pictures import to_floats
from mia_kit.experiments.face_people import People, public_people
from mia_kit.metrics import calibration_error
from mia_kit.models import Classifier, ResidualClassifier, SmallClassifier, in_batches, transplant
from mia_kit.models.weights import without_head
from mia_kit.training import fit
from mia_kit.training.augment import usual_augmentation

KINDS: dict[str, Callable[..., Classifier]] = {"target": ResidualClassifier, "evaluator": SmallClassifier}


@dataclass(frozen=True, eq=False)
class Fitted:
    """A trained classifier, and how it does on photographs of its people that it was not trained on.

    accuracy, calibration_error, confidence : share correct; expected calibration error; mean greatest confidence
    training_accuracy : share correct of the photographs it was trained on
    """

    model: Classifier
    accuracy: float
    training_accuracy: float
    calibration_error: float
    confidence: float


def pretrain(
    kind: str, settings: dict[str, Any], *, size: int = 64, checkpoint: Path | None = None, progress: bool = True
) -> dict[str, Tensor]:
    """Weights of a classifier of public people, to `transplant` into one of `kind`, "target" or "evaluator".

    `settings` has width, seed, epochs, batch_size and learning_rate. Raises DataError if a public set is absent.
    """
    images, labels = public_people(size)
    model = KINDS[kind](3, int(labels.max()) + 1, seed=settings["seed"], width=settings["width"])
    floats = to_floats(images)
    fit_classifier(model, floats, labels, settings, seed=settings["seed"], checkpoint=checkpoint, progress=progress)
    return {name: weight.clone() for name, weight in without_head(model.state_dict()).items()}


def fit_target(
    people: People,
    settings: dict[str, Any],
    *,
    per_class: int,
    smoothing: float,
    seed: int,
    trunk: dict[str, Tensor] | None = None,
    checkpoint: Path | None = None,
    progress: bool = True,
) -> Fitted:
    """A target trained on `per_class` photographs of each person with a smoothing factor; `trunk` from `pretrain`."""
    training = people.target_training(per_class)
    return _fit_people("target", people, training, settings, smoothing, seed, trunk, checkpoint, progress)


def fit_evaluator(
    people: People,
    settings: dict[str, Any],
    *,
    seed: int,
    trunk: dict[str, Tensor] | None = None,
    checkpoint: Path | None = None,
    progress: bool = True,
) -> Fitted:
    """The evaluator: hard labels, the photographs that no target is given, another architecture."""
    return _fit_people(
        "evaluator", people, people.evaluator_training(), settings, 0.0, seed, trunk, checkpoint, progress
    )


def _fit_people(
    kind: str,
    people: People,
    training: Tensor,
    settings: dict[str, Any],
    smoothing: float,
    seed: int,
    trunk: dict[str, Tensor] | None,
    checkpoint: Path | None,
    progress: bool,
) -> Fitted:
    images = people.floats()
    model = KINDS[kind](images.shape[1], len(people.class_names), seed=seed, width=settings["width"])
    if trunk is not None:
        transplant(model, trunk)
    chosen, labels = images[training], people.labels[training]
    fit_classifier(
        model, chosen, labels, settings, seed=seed, smoothing=smoothing, checkpoint=checkpoint, progress=progress
    )
    return Fitted(model, **utility(model, people, training))


def utility(model: Classifier, people: People, training: Tensor) -> dict[str, float]:
    """The numbers of `Fitted`, by name, for a model that saw the photographs which `training`, bool, names."""
    confidences = in_batches(model, people.floats()).softmax(dim=1).numpy()
    return quality(confidences, people.labels.numpy(), training.numpy())


def quality(confidences: np.ndarray, truth: np.ndarray, seen: np.ndarray) -> dict[str, float]:
    """The numbers of `Fitted` for confidences of shape (n, classes), classes (n,), and bool (n,), True in training."""
    right = confidences.argmax(axis=1) == truth
    return {
        "accuracy": float(right[~seen].mean()),
        "training_accuracy": float(right[seen].mean()),
        "calibration_error": calibration_error(confidences[~seen], truth[~seen]).value,
        "confidence": float(confidences[~seen].max(axis=1).mean()),
    }


def fit_classifier(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    settings: dict[str, Any],
    *,
    seed: int,
    smoothing: float = 0.0,
    checkpoint: Path | None = None,
    progress: bool,
) -> None:
    """`fit` with a recipe's epochs, batch_size and learning_rate, and the augmentation that suits the colours."""
    fit(
        model,
        images,
        labels,
        seed=seed,
        smoothing=smoothing,
        augment=usual_augmentation(images.shape[1]),
        epochs=settings["epochs"],
        batch_size=settings["batch_size"],
        learning_rate=settings["learning_rate"],
        checkpoint=checkpoint,
        progress=progress,
    )
