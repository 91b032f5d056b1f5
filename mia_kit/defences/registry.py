"""All training-time defences by name and strength, in one form that an experiment can loop over, and pairs of them.

    for name, strengths in STRENGTHS.items():
        for strength in strengths:
            defended = build(name, strength).fit(model(), images, labels, seed=0)

The default strengths of each go from mild to harsh, around what the papers used; those of smoothing are its factors.
What `build` knows besides is against membership inference alone. Kaya, Hong and Dumitras, *On the Effectiveness of
Regularization Against Membership Inference Attacks* (2020), compare eight, which the public abstract does not name.
Weight decay, dropout, crops, noise, early stopping, smoothing, distillation and DP-SGD are inferred from the authors'
later code (ICML 2021); the others are added.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from mia_kit import check
from mia_kit.defences import regularisers
from mia_kit.defences.bido import LABEL_WEIGHT, PICTURE_WEIGHT, BidoObjective
from mia_kit.defences.dp_sgd import Privacy, PrivateSettings, fit_private, price
from mia_kit.defences.early_layers import EarlyLayersStay
from mia_kit.defences.erasing import RandomErasing
from mia_kit.defences.group_norm import with_group_norm
from mia_kit.defences.low_rank import LowRank
from mia_kit.defences.mid import BottleneckClassifier, MidObjective
from mia_kit.defences.skips import WeakerLastSkip
from mia_kit.defences.trapdoor import TrapObjective, TrappedClassifier
from mia_kit.models import Classifier
from mia_kit.smoothing import check_smoothing
from mia_kit.training.augment import MAX_SHIFT, flip_and_shift
from mia_kit.training.fit import Augment, Epoch, Objective, Optimiser, SmoothedObjective, fit

# What a strength is: see `build`. Those of the papers are among them, but for dp_sgd, whose papers name none.
STRENGTHS: dict[str, tuple[float, ...]] = {
    "smoothing": (-0.2, -0.05, 0.1, 0.2),
    "mid": (0.001, 0.003, 0.01, 0.03),
    "bido": (0.3, 1.0, 2.0, 4.0),
    "dp_sgd": (0.1, 0.3, 0.6, 1.0),
    "dp_sgd_head": (0.1, 0.3, 0.6, 1.0),
    "weight_decay": (0.03, 0.1, 0.3, 1.0),
    "dropout": (0.2, 0.4, 0.6, 0.8),
    "augmentation": (0.2, 0.4, 0.6, 0.8),
    "early_stopping": (0.2, 0.4, 0.6, 0.8),
    "mixup": (0.1, 0.2, 0.4, 1.0),
    "tl_dmi": (0.2, 0.4, 0.6, 0.8),
    "rolss": (0.25, 0.5, 0.75, 1.0),
    "midre": (0.2, 0.4, 0.6, 0.8),
    "loft": (0.6, 0.8, 0.9, 0.95),
    "trap_mid": (0.02, 0.05, 0.1, 0.2),
}

# DP-SGD adds its noise once a step, however many pictures are in it: its steps are few, large and long. Chosen on 40
# drawn people from a trunk of 100 others at noise 0.1: accuracy 0.635 as all others train, 0.773 so, 0.885 undefended.
PRIVATE_BATCH, PRIVATE_RATE, HEAD_RATE = 8, 3.0, 10.0

Wrap = Callable[[Classifier, int], Classifier]


@dataclass(frozen=True)
class Defended:
    """A trained classifier in evaluation mode, its epochs, and what DP-SGD guarantees (None for other defences)."""

    model: Classifier
    history: tuple[Epoch, ...]
    privacy: Privacy | None


@dataclass(frozen=True)
class DefenceTraining:
    """How a defence changes training; what it leaves alone is at its default. `DefenceTraining()` changes nothing.

    name, strength : as given to `build`; a pair has no strength of its own
    wrap : (classifier, seed) -> the classifier to train; new_head : it has other last layers
    smoothing, objective, augment, optimiser, weight_decay : as in `fit`; `augment` takes the place of the usual one
    dropout : share of the penultimate features dropped in training, in [0, 1), whatever the loss
    share_of_epochs : early stopping after this share of the epochs, in (0, 1], rounded, one at least
    noise_multiplier, head_only : of DP-SGD, which trains with `fit_private`; no noise multiplier for all others
    batch_factor, rate_factor : on the usual size of a batch, up to all pictures, and on the usual learning rate
    """

    name: str = "none"
    strength: float | None = None
    wrap: Wrap | None = None
    new_head: bool = False
    smoothing: float = 0.0
    objective: Objective | None = None
    dropout: float = 0.0
    augment: Augment | None = None
    optimiser: Optimiser = torch.optim.Adam
    weight_decay: float | None = None
    share_of_epochs: float = 1.0
    noise_multiplier: float | None = None
    head_only: bool = False
    batch_factor: int = 1
    rate_factor: float = 1.0

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
        options: dict[str, Any] = {"seed": seed, "objective": self._loss(epochs), "augment": self.augment or augment}
        options |= {"optimiser": self.optimiser, "checkpoint": checkpoint, "progress": progress}
        private = self._private(len(images), epochs, batch_size, learning_rate)
        if private is not None:
            promised = fit_private(model, images, labels, settings=private, **options)
            return Defended(model, promised.history, promised.privacy)
        result = fit(
            model,
            images,
            labels,
            epochs=epochs,
            stop_epoch=self._last(epochs),
            batch_size=self._batch(len(images), batch_size),
            learning_rate=learning_rate * self.rate_factor,
            weight_decay=self.weight_decay,
            **options,
        )
        return Defended(model, result.history, None)

    def privacy(self, count: int, *, epochs: int, batch_size: int) -> Privacy | None:
        """What training on `count` pictures will guarantee, without training: None for all but DP-SGD."""
        settings = self._private(count, epochs, batch_size, learning_rate=1.0)
        return None if settings is None else price(settings, count)

    def _private(self, count: int, epochs: int, batch_size: int, learning_rate: float) -> PrivateSettings | None:
        if self.noise_multiplier is None:
            return None
        return PrivateSettings(
            self.noise_multiplier,
            head_only=self.head_only,
            epochs=self._last(epochs),
            batch_size=self._batch(count, batch_size),
            learning_rate=learning_rate * self.rate_factor,
            weight_decay=self.weight_decay,
        )

    def _last(self, epochs: int) -> int:
        return max(1, round(self.share_of_epochs * epochs))

    def _batch(self, count: int, batch_size: int) -> int:
        return min(count, batch_size * self.batch_factor) if self.batch_factor > 1 else batch_size

    def _loss(self, epochs: int) -> Objective:
        objective = self.objective or SmoothedObjective(self.smoothing, epochs)
        return regularisers.DropoutObjective(self.dropout, objective) if self.dropout else objective


def build(name: str, strength: float = 0.0, *, teacher: nn.Module | None = None) -> DefenceTraining:
    """A defence by name, or "none". A strength is

    smoothing : the factor, in (-inf, 1]: negative or positive
    mid : beta, at least 0 (the paper: 0.003 and 0.001)
    bido : a factor, at least 0, on both weights of the paper, 0.05 and 0.5
    dp_sgd : the noise multiplier, at least 0; gradients are clipped at 1, batch norm becomes group norm, and steps are
        larger than the others', see `PRIVATE_BATCH`
    dp_sgd_head : the same for the last layer alone, on a trunk of public pictures, see `PrivateSettings`
    weight_decay : AdamW's, at least 0, which shrinks weights by strength * learning rate a step
    dropout, augmentation : the share of features dropped, the strength of `StrongAugment`, in [0, 1)
    early_stopping : the share of the epochs that is not trained, in [0, 1)
    mixup : the concentration of the Beta distribution, positive
    tl_dmi : the share of the layers that stay as a public trunk has them, in [0, 1): give it to the classifier before
    rolss : the share of the last skip connection that goes, in [0, 1], for a classifier that has some; 1 is the paper's
    midre : the greatest share of a picture to erase, in [0, 1); the paper's 0.8
    loft : the share of the features' rank that goes, in [0, 1)
    trap_mid : the trigger's part of a trapped picture, in [0, 1); the paper's 0.02
    crop_and_flip : pixels of the shift: 3 and no other, see `flip_and_shift`
    noise, cutout, disturbed_labels : the deviation, a side of the square, the share, see `regularisers.py`
    distillation : the temperature, see `DistillationObjective`; needs a `teacher`, trained on the same members
    """
    check.one_of("the defence", name, _MAKERS)
    check.in_range(f"the strength of {name}", strength, float("-inf") if name == "smoothing" else 0)
    given = (strength, teacher) if name == "distillation" else (strength,)
    return replace(_MAKERS[name](*given), name=name, strength=strength)


def _smoothing(factor: float) -> DefenceTraining:
    check_smoothing(factor)
    return DefenceTraining(smoothing=factor)


def _early_stopping(share: float) -> DefenceTraining:
    return DefenceTraining(share_of_epochs=1 - check.in_range("the share not trained", share, 0, 1, open_ends="high"))


def _shifted(pixels: float) -> DefenceTraining:
    check.one_of("the pixels of crop_and_flip", float(pixels), (float(MAX_SHIFT),))
    return DefenceTraining(augment=flip_and_shift)


_MAKERS: dict[str, Callable[..., DefenceTraining]] = {
    "none": lambda _: DefenceTraining(),
    "smoothing": _smoothing,
    "mid": lambda beta: DefenceTraining(
        wrap=lambda model, seed: BottleneckClassifier(model, seed=seed), new_head=True, objective=MidObjective(beta)
    ),
    "bido": lambda factor: DefenceTraining(objective=BidoObjective(factor * PICTURE_WEIGHT, factor * LABEL_WEIGHT)),
    "dp_sgd": lambda noise: DefenceTraining(
        wrap=lambda model, _: with_group_norm(model),
        noise_multiplier=noise,
        batch_factor=PRIVATE_BATCH,
        rate_factor=PRIVATE_RATE,
    ),
    "dp_sgd_head": lambda noise: DefenceTraining(
        noise_multiplier=noise, head_only=True, batch_factor=PRIVATE_BATCH, rate_factor=HEAD_RATE
    ),
    "weight_decay": lambda decay: DefenceTraining(optimiser=torch.optim.AdamW, weight_decay=decay),
    "dropout": lambda share: DefenceTraining(dropout=regularisers.DropoutObjective(share).share),
    "augmentation": lambda strength: DefenceTraining(augment=regularisers.StrongAugment(strength)),
    "early_stopping": _early_stopping,
    "mixup": lambda concentration: DefenceTraining(objective=regularisers.MixupObjective(concentration)),
    "crop_and_flip": _shifted,
    "noise": lambda deviation: DefenceTraining(augment=regularisers.NoiseAugment(deviation)),
    "distillation": lambda degrees, teacher: DefenceTraining(
        objective=regularisers.DistillationObjective(teacher, degrees)
    ),
    "cutout": lambda share: DefenceTraining(augment=regularisers.CutoutAugment(share)),
    "disturbed_labels": lambda share: DefenceTraining(objective=regularisers.DisturbedLabelsObjective(share)),
    "tl_dmi": lambda share: DefenceTraining(wrap=EarlyLayersStay(share)),
    "rolss": lambda removed: DefenceTraining(wrap=WeakerLastSkip(removed)),
    "midre": lambda largest: DefenceTraining(augment=RandomErasing(largest)),
    "loft": lambda removed: DefenceTraining(wrap=LowRank(removed), new_head=True),
    "trap_mid": lambda blend: DefenceTraining(
        wrap=lambda model, seed: TrappedClassifier(model, seed=seed), new_head=True, objective=TrapObjective(blend)
    ),
}


def combine(first: DefenceTraining, second: DefenceTraining) -> DefenceTraining:
    """Both at once: augmentations and changes of the classifier in turn, the shares of the epochs multiplied.

    ValueError if they compete: if both change the loss or the last layers, drop features, decay weights or are private,
    or if DP-SGD meets a defence that looks at more than one picture at a time, or the training of the head alone meets
    a changed classifier.
    """
    for what, changes in _COMPETING.items():
        if changes(first) and changes(second):
            raise ValueError(
                f"defences to combine must change different things, got {first.name} and {second.name}, which both "
                f"change {what}, instead"
            )
    for private, other in ((first, second), (second, first)):
        reason = getattr(other.objective, "not_private", "")
        if private.head_only and other.wrap:
            reason = "its own layers would stay untrained"
        if private.noise_multiplier is not None and reason:
            raise ValueError(f"{private.name} must meet what it can train, got {other.name} instead: {reason}")
    return DefenceTraining(
        name=f"{first.name} + {second.name}",
        wrap=_in_turn(first.wrap, second.wrap),
        new_head=first.new_head or second.new_head,
        smoothing=first.smoothing + second.smoothing,
        objective=first.objective or second.objective,
        dropout=first.dropout + second.dropout,
        augment=_in_turn(first.augment, second.augment),
        optimiser=second.optimiser if first.optimiser is torch.optim.Adam else first.optimiser,
        weight_decay=second.weight_decay if first.weight_decay is None else first.weight_decay,
        share_of_epochs=first.share_of_epochs * second.share_of_epochs,
        noise_multiplier=second.noise_multiplier if first.noise_multiplier is None else first.noise_multiplier,
        head_only=first.head_only or second.head_only,
        batch_factor=first.batch_factor * second.batch_factor,
        rate_factor=first.rate_factor * second.rate_factor,
    )


_COMPETING: dict[str, Callable[[DefenceTraining], bool]] = {
    "the loss": lambda training: training.objective is not None or training.smoothing != 0,
    # BiDO looks for them by name.
    "the last layers": lambda training: training.new_head or isinstance(training.objective, BidoObjective),
    "the share of features dropped": lambda training: training.dropout != 0,
    "the weight decay": lambda training: training.weight_decay is not None,
    "the privacy": lambda training: training.noise_multiplier is not None,
}
Change = TypeVar("Change", bound=Callable[[Any, Any], Any])


@dataclass(frozen=True)
class InTurn:
    """Two changes of one thing, one after the other: of pictures with a generator, or of a classifier with a seed."""

    first: Callable[[Any, Any], Any]
    second: Callable[[Any, Any], Any]

    def __call__(self, changed: Any, random: Any) -> Any:
        return self.second(self.first(changed, random), random)


def _in_turn(first: Change | None, second: Change | None) -> Change | InTurn | None:
    return InTurn(first, second) if first and second else first or second
