"""All training-time defences by name and strength, in one form that an experiment can loop over.

    for name, strengths in STRENGTHS.items():
        for strength in strengths:
            defended = build(name, strength).fit(model(), images, labels, seed=0)

The four default strengths of each go from mild to harsh, around what the papers used. `combine` makes one recipe of two
that change different things.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor

from mia_kit.defences.bido import LABEL_WEIGHT, PICTURE_WEIGHT, BidoObjective
from mia_kit.defences.dp_sgd import Privacy, PrivateSettings, fit_private, with_group_norm
from mia_kit.defences.mid import BottleneckClassifier, MidObjective
from mia_kit.defences.regularisers import DropoutObjective, MixupObjective, StrongAugment
from mia_kit.models import Classifier
from mia_kit.smoothing import check_smoothing
from mia_kit.training.fit import Augment, Epoch, Objective, Optimiser, SmoothedObjective, fit

# What a strength is: see `build`. Those of the papers are among them, but for dp_sgd, whose papers name none.
STRENGTHS: dict[str, tuple[float, ...]] = {
    "mid": (0.001, 0.003, 0.01, 0.03),
    "bido": (0.3, 1.0, 2.0, 4.0),
    "dp_sgd": (0.1, 0.3, 0.6, 1.0),
    "negative_smoothing": (0.01, 0.03, 0.05, 0.1),
    "positive_smoothing": (0.05, 0.1, 0.2, 0.4),
    "weight_decay": (0.03, 0.1, 0.3, 1.0),
    "dropout": (0.2, 0.4, 0.6, 0.8),
    "augmentation": (0.2, 0.4, 0.6, 0.8),
    "early_stopping": (0.2, 0.4, 0.6, 0.8),
    "mixup": (0.1, 0.2, 0.4, 1.0),
}


@dataclass(frozen=True)
class Defended:
    """A trained classifier in evaluation mode, its epochs, and what DP-SGD guarantees (None for other defences)."""

    model: Classifier
    history: tuple[Epoch, ...]
    privacy: Privacy | None
    seconds: float


@dataclass(frozen=True)
class Recipe:
    """How a defence changes training; what it leaves alone is at its default. `Recipe("none")` changes nothing.

    Attributes
    ----------
    name, strength : as given to `build`; a pair has no strength of its own
    wrap : (classifier, seed) -> the classifier to train
    smoothing, objective, augment, optimiser, weight_decay : as in `fit`; `augment` takes the place of the usual one
    dropout : share of the penultimate features dropped in training, in [0, 1), whatever the loss
    share_of_epochs : early stopping after this share of the epochs, in (0, 1], rounded, one at least
    noise_multiplier : of DP-SGD, which trains with `fit_private`; None for all others
    """

    name: str
    strength: float | None = None
    wrap: Callable[[Classifier, int], Classifier] | None = None
    smoothing: float = 0.0
    objective: Objective | None = None
    dropout: float = 0.0
    augment: Augment | None = None
    optimiser: Optimiser = torch.optim.Adam
    weight_decay: float | None = None
    share_of_epochs: float = 1.0
    noise_multiplier: float | None = None

    def fit(
        self,
        model: Classifier,
        images: Tensor,
        labels: Tensor,
        *,
        seed: int,
        augment: Augment | None = None,
        epochs: int = 100,
        batch_size: int = 32,
        learning_rate: float = 1e-3,
        checkpoint: Path | None = None,
        progress: bool = True,
    ) -> Defended:
        """Train with the defence; take the model from the result, because some defences replace it.

        Arguments, warnings and errors are those of `mia_kit.training.fit`, or for DP-SGD of `fit_private`. `augment` is
        the usual augmentation.
        """
        model = self.wrap(model, seed) if self.wrap else model
        common: dict[str, Any] = {
            "seed": seed,
            "objective": self._loss(epochs),
            "augment": self.augment or augment,
            "optimiser": self.optimiser,
            "checkpoint": checkpoint,
            "progress": progress,
        }
        last = max(1, round(self.share_of_epochs * epochs))
        steps: dict[str, Any] = {"batch_size": batch_size, "learning_rate": learning_rate}
        steps["weight_decay"] = self.weight_decay
        if self.noise_multiplier is not None:
            settings = PrivateSettings(self.noise_multiplier, epochs=last, **steps)
            private = fit_private(model, images, labels, settings=settings, **common)
            return Defended(model, private.history, private.privacy, private.seconds)
        result = fit(model, images, labels, epochs=epochs, stop_epoch=last, **common, **steps)
        return Defended(model, result.history, None, result.seconds)

    def _loss(self, epochs: int) -> Objective:
        objective = self.objective or SmoothedObjective(self.smoothing, epochs)
        return DropoutObjective(self.dropout, objective) if self.dropout else objective


def combine(one: Recipe, other: Recipe) -> Recipe:
    """Both at once: augmentations and changes of the classifier in turn, the shares of the epochs multiplied.

    Raises ValueError if both change the loss, drop features, decay weights or are private: they would compete.
    """
    for what, changes in _COMPETING.items():
        if changes(one) and changes(other):
            raise ValueError(
                f"defences to combine must change different things, got {one.name} and {other.name}, which both change "
                f"{what}, instead"
            )
    return Recipe(
        name=f"{one.name} + {other.name}",
        wrap=_wrapped_in_turn(one.wrap, other.wrap),
        smoothing=one.smoothing + other.smoothing,
        objective=one.objective or other.objective,
        dropout=one.dropout + other.dropout,
        augment=AugmentInTurn(one.augment, other.augment)
        if one.augment and other.augment
        else one.augment or other.augment,
        optimiser=other.optimiser if one.optimiser is torch.optim.Adam else one.optimiser,
        weight_decay=other.weight_decay if one.weight_decay is None else one.weight_decay,
        share_of_epochs=one.share_of_epochs * other.share_of_epochs,
        noise_multiplier=other.noise_multiplier if one.noise_multiplier is None else one.noise_multiplier,
    )


@dataclass(frozen=True)
class AugmentInTurn:
    """Two augmentations of one picture, one after the other."""

    first: Augment
    second: Augment

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        """Pictures of the shape that both keep."""
        return self.second(self.first(images, generator), generator)


_COMPETING: dict[str, Callable[[Recipe], bool]] = {
    "the loss": lambda recipe: recipe.objective is not None or recipe.smoothing != 0,
    "the share of features dropped": lambda recipe: recipe.dropout != 0,
    "the weight decay": lambda recipe: recipe.weight_decay is not None,
    "the privacy": lambda recipe: recipe.noise_multiplier is not None,
}


def _wrapped_in_turn(
    one: Callable[[Classifier, int], Classifier] | None, other: Callable[[Classifier, int], Classifier] | None
) -> Callable[[Classifier, int], Classifier] | None:
    if one is None or other is None:
        return one or other
    return lambda model, seed: other(one(model, seed), seed)


def build(name: str, strength: float) -> Recipe:
    """The recipe of a defence of `STRENGTHS`. A strength is

    mid : beta, at least 0 (the paper: 0.003 and 0.001)
    bido : a factor, at least 0, on both weights of the paper, 0.05 and 0.5
    dp_sgd : the noise multiplier, at least 0; gradients are clipped at 1, batch norm becomes group norm
    negative_smoothing : minus the smoothing factor, at least 0
    positive_smoothing : the smoothing factor, in [0, 1]
    weight_decay : AdamW's, at least 0
    dropout : the share of features dropped, in [0, 1)
    augmentation : the strength of `StrongAugment`, in [0, 1)
    early_stopping : the share of the epochs that is not trained, in [0, 1)
    mixup : the concentration of the Beta distribution, positive

    ValueError if the name is unknown or the strength out of range.
    """
    if name not in _MAKERS:
        raise ValueError(f"the defence must be one of {', '.join(_MAKERS)}, got {name!r} instead")
    if not (math.isfinite(strength) and strength >= 0):
        raise ValueError(f"a strength must be a finite number of at least 0, got {strength} for {name} instead")
    return Recipe(name, strength, **_MAKERS[name](strength))


def _bottleneck(model: Classifier, seed: int) -> Classifier:
    return BottleneckClassifier(model, seed=seed)


def _group_norm(model: Classifier, seed: int) -> Classifier:
    return with_group_norm(model)


def _positive(strength: float) -> dict[str, Any]:
    check_smoothing(strength)
    return {"smoothing": strength}


def _stopping(strength: float) -> dict[str, Any]:
    if strength >= 1:
        raise ValueError(f"the share of epochs that is not trained must lie in [0, 1), got {strength} instead")
    return {"share_of_epochs": 1 - strength}


_MAKERS: dict[str, Callable[[float], dict[str, Any]]] = {
    "mid": lambda strength: {"wrap": _bottleneck, "objective": MidObjective(strength)},
    "bido": lambda strength: {"objective": BidoObjective(strength * PICTURE_WEIGHT, strength * LABEL_WEIGHT)},
    "dp_sgd": lambda strength: {"wrap": _group_norm, "noise_multiplier": strength},
    "negative_smoothing": lambda strength: {"smoothing": -strength},
    "positive_smoothing": _positive,
    "weight_decay": lambda strength: {"optimiser": torch.optim.AdamW, "weight_decay": strength},
    "dropout": lambda strength: {"dropout": DropoutObjective(strength).share},
    "augmentation": lambda strength: {"augment": StrongAugment(strength)},
    "early_stopping": _stopping,
    "mixup": lambda strength: {"objective": MixupObjective(strength)},
}
