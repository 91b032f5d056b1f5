"""Two defences at once, if they change different things."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import torch

from mia_kit.defences.bido import BidoObjective
from mia_kit.defences.registry import DefenceTraining

Change = TypeVar("Change", bound=Callable[[Any, Any], Any])


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


@dataclass(frozen=True)
class InTurn:
    """Two changes of one thing, one after the other: of pictures with a generator, or of a classifier with a seed."""

    first: Callable[[Any, Any], Any]
    second: Callable[[Any, Any], Any]

    def __call__(self, changed: Any, random: Any) -> Any:
        return self.second(self.first(changed, random), random)


def _in_turn(first: Change | None, second: Change | None) -> Change | InTurn | None:
    return InTurn(first, second) if first and second else first or second


_COMPETING: dict[str, Callable[[DefenceTraining], bool]] = {
    "the loss": lambda training: training.objective is not None or training.smoothing != 0,
    # BiDO looks for them by name.
    "the last layers": lambda training: training.new_head or isinstance(training.objective, BidoObjective),
    "the share of features dropped": lambda training: training.dropout != 0,
    "the weight decay": lambda training: training.weight_decay is not None,
    "the privacy": lambda training: training.noise_multiplier is not None,
}
