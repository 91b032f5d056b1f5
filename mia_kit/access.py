"""What an attacker is given: the whole model, its confidences, or its labels alone.

An attack receives one of these and never the bare model. Each answers from a copy, the model as it was when access was
given: what its owner does with it afterwards changes no answer, and no query changes the owner's model.

The two black boxes answer from inside `torch.no_grad`, and keep the copy in a closure instead of an attribute, so that
an attack that was written for another kind of access fails with a sentence and does not peek. That guards against
mistakes, not against malice: Python has no walls.

Each counts its queries: one for each image in each call. What images a model takes, and on which device, is no secret.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor, nn

from mia_kit.models.classifier import predicted
from mia_kit.snapshot import Model, snapshot

if TYPE_CHECKING:
    from mia_kit.defences.serving import ServingDefence


class AccessError(TypeError):
    """An attack asked for more than its kind of access gives."""


class PictureDefence(Protocol):
    """A defence that looks at the picture, too: what it spoils is the pair of picture and answer."""

    def poison(self, confidences: Tensor, images: Tensor) -> Tensor:
        """What is answered instead of `confidences`, of shape (n, classes), about images (n, channels, h, w)."""
        ...


class WhiteBox:
    """Everything: logits, features, gradients.

    Attributes
    ----------
    model : a copy of the classifier, in evaluation mode, its weights frozen so that gradients reach images alone
    channels : 1 for a model of grey pictures, 3 for one of colour, None where it does not say
    queries : images answered so far
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = _apart(model)
        self.channels: int | None = getattr(model, "channels", None)
        self.queries = 0

    @property
    def device(self) -> torch.device:
        """Where the model is, and where images must be."""
        return _device(self.model)

    def logits(self, images: Tensor) -> Tensor:
        """Scores of shape (n, classes), with gradients to `images`."""
        self.queries += len(images)
        scores: Tensor = self.model(images)
        return scores

    def features(self, images: Tensor) -> Tensor:
        """Penultimate activations of shape (n, d), with gradients. AccessError if the model has none to show."""
        penultimate = getattr(self.model, "features", None)
        if penultimate is None:
            raise AccessError(f"{type(self.model).__name__} has no features: give a classifier of mia_kit.models")
        self.queries += len(images)
        features: Tensor = penultimate(images)
        return features

    def confidences(self, images: Tensor) -> Tensor:
        """Softmax of the logits, of shape (n, classes), with gradients."""
        return self.logits(images).softmax(dim=1)

    def labels(self, images: Tensor) -> Tensor:
        """The most confident class of each image, of shape (n,), -1 for an answer that holds NaN."""
        return predicted(self.logits(images))


class _BlackBox:
    """Answers without gradients; `answer` is all that the outside gets, besides `channels` and `device`."""

    def __init__(self, model: nn.Module, answer: Callable[[Tensor, Tensor], Tensor]) -> None:
        model = _apart(model)
        self.channels: int | None = getattr(model, "channels", None)
        self.queries = 0

        @torch.no_grad()
        def ask(images: Tensor) -> Tensor:
            self.queries += len(images)
            images = images.detach()
            return answer(model(images), images)

        self._ask = ask
        self._locate = lambda: _device(model)

    @property
    def device(self) -> torch.device:
        """Where images must be."""
        return self._locate()

    def __getattr__(self, name: str) -> object:
        """Turn the lack of an attribute into a sentence about access."""
        if name.startswith("__"):
            raise AttributeError(name)
        raise AccessError(
            f"{type(self).__name__} gives no {name}: choose an attack that needs less, or another kind of access"
        )


class ConfidenceAPI(_BlackBox):
    """A service that answers with confidences, which a defence may change first; no gradients, no logits."""

    def __init__(self, model: nn.Module, defence: ServingDefence | PictureDefence | None = None) -> None:
        serve = _served_by(defence)
        super().__init__(model, lambda logits, images: serve(logits.softmax(dim=1), images))

    def confidences(self, images: Tensor) -> Tensor:
        """Served confidences of shape (n, classes)."""
        return self._ask(images)

    def labels(self, images: Tensor) -> Tensor:
        """The class with the greatest served confidence, of shape (n,), -1 for an answer that holds NaN."""
        return predicted(self._ask(images))


class LabelAPI(_BlackBox):
    """A service that answers with the predicted class alone."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__(model, lambda logits, _: predicted(logits))

    def labels(self, images: Tensor) -> Tensor:
        """The predicted class of each image: int64 of shape (n,), -1 where the scores hold NaN."""
        return self._ask(images)


def _served_by(defence: ServingDefence | PictureDefence | None) -> Callable[[Tensor, Tensor], Tensor]:
    """The answer as a function of confidences and pictures."""
    if defence is None:
        return lambda confidences, _: confidences
    poison: Callable[[Tensor, Tensor], Tensor] | None = getattr(defence, "poison", None)
    if poison is not None:
        return poison
    serve: Callable[[Tensor], Tensor] = defence.serve  # type: ignore[union-attr]
    return lambda confidences, _: serve(confidences)


Access = WhiteBox | ConfidenceAPI | LabelAPI


def _apart(model: Model) -> Model:
    """A frozen copy, in the layout that is a quarter faster on a CPU."""
    return snapshot(model).requires_grad_(False).to(memory_format=torch.channels_last)


def _device(model: nn.Module) -> torch.device:
    weight = next(model.parameters(), None)
    return weight.device if weight is not None else torch.device("cpu")
