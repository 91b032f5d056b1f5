"""Regularisation against membership inference: twelve mechanisms with their strengths, alone and in pairs.

Kaya, Hong and Dumitras, *On the Effectiveness of Regularization Against Membership Inference Attacks* (2020), compare
eight, which the public abstract does not name. The first eight here are inferred from the authors' later code (ICML
2021), the last four are added. Each is a `Mechanism`: what it changes of a call of `fit`. Two that change different
things are combined with `combine`. Mixup and dropout are not built here: hand their objective or changed
network to `Mechanism`.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn.functional import cross_entropy, kl_div, log_softmax

from mia_kit.training.augment import flip_and_shift
from mia_kit.training.fit import Augment, FitResult, Objective, fit, smoothed_objective

# One default each, of the ranges that the note on the paper gives or, where it gives none, of common use.
STRENGTHS: dict[str, float] = {
    "weight decay": 5e-4,
    "dropout": 0.2,  # share of channels dropped as a whole
    "crop and flip": 3,  # pixels of the shift
    "noise": 0.1,  # standard deviation, pixels in [-1, 1]
    "early stopping": 0.1,  # share of the epochs that are trained: 3 or 4 of 35
    "label smoothing": 0.05,
    "distillation": 10,  # temperature
    "private training": 1,  # noise as a multiple of the clipping norm, which is 1
    "cutout": 0.5,  # side of the square as a share of the picture's
    "mixup": 1,  # both parameters of the beta distribution
    "disturbed labels": 0.1,  # share of labels drawn anew
    "negative smoothing": -0.05,
}
CLIP = 1.0


@dataclass(frozen=True)
class Mechanism:
    """What a regulariser changes in training; None or 0 leaves it.

    name : for tables
    objective : given the number of epochs, an objective of `fit`
    augment : as in `fit`
    weight_decay : of AdamW, so that its strength does not depend on the gradients
    epochs : share of the epochs to train, in (0, 1]
    change : the network to train instead of the one given, such as one with dropout
    private : noise multiple of DP-SGD, which clips and hides the gradient of each example
    """

    name: str
    objective: Callable[[int], Objective] | None = None
    augment: Augment | None = None
    weight_decay: float = 0.0
    epochs: float = 1.0
    change: Callable[[nn.Module], nn.Module] | None = None
    private: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.epochs <= 1 or self.weight_decay < 0 or self.private < 0:
            raise ValueError(
                "epochs must lie in (0, 1], weight_decay and private must not be negative, "
                f"got {self.epochs}, {self.weight_decay} and {self.private} instead"
            )


def weight_decay(strength: float = STRENGTHS["weight decay"]) -> Mechanism:
    """Weights shrink a little at each step (Loshchilov and Hutter, ICLR 2019)."""
    return Mechanism("weight decay", weight_decay=strength)


def crop_and_flip() -> Mechanism:
    """Pictures are moved and mirrored at random; see `flip_and_shift`."""
    return Mechanism("crop and flip", augment=flip_and_shift)


def noise(deviation: float = STRENGTHS["noise"]) -> Mechanism:
    """Gaussian noise on every pixel."""
    _check_range("deviation", deviation, 0, 10)

    def add_noise(images: Tensor, generator: Generator) -> Tensor:
        return images + deviation * torch.randn(images.shape, generator=generator)

    return Mechanism("noise", augment=add_noise)


def cutout(share: float = STRENGTHS["cutout"]) -> Mechanism:
    """A square of grey hides a part of each picture (DeVries and Taylor, 2017); its centre may lie at the border."""
    _check_range("share", share, 0, 1)

    def cut(images: Tensor, generator: Generator) -> Tensor:
        hidden = torch.ones(len(images), 1, 1, 1, dtype=torch.bool)
        for axis, size in ((2, images.shape[2]), (3, images.shape[3])):
            side = round(share * size)
            start = torch.randint(size, (len(images), 1), generator=generator) - side // 2
            place = torch.arange(size)
            inside = (place >= start) & (place < start + side)  # (n, size)
            hidden = hidden & inside[:, None, :, None] if axis == 2 else hidden & inside[:, None, None, :]
        return images.masked_fill(hidden, 0.0)

    return Mechanism("cutout", augment=cut)


def early_stopping(share: float = STRENGTHS["early stopping"]) -> Mechanism:
    """Only the first epochs are trained: a fixed share, as in the paper, whatever the loss on other examples."""
    return Mechanism("early stopping", epochs=share)


def label_smoothing(factor: float = STRENGTHS["label smoothing"]) -> Mechanism:
    """Soft labels, or for a factor below 0 hardened ones; see `mia_kit.smoothing`."""
    name = "negative smoothing" if factor < 0 else "label smoothing"
    return Mechanism(name, objective=lambda epochs: smoothed_objective(factor, epochs))


def distillation(teacher: nn.Module, temperature: float = STRENGTHS["distillation"]) -> Mechanism:
    """Learn a teacher's answers instead of the labels (Hinton et al., 2015), both at a temperature from 1 to 1000.

    The loss is the squared temperature times the divergence from the teacher, so that its size does not depend on the
    temperature. `teacher` gives logits for images, is put in evaluation mode and trained on the same members.
    """
    _check_range("temperature", temperature, 1, 1000)
    teacher.eval()

    def objective(model: nn.Module, images: Tensor, labels: Tensor, epoch: int) -> Tensor:
        with torch.no_grad():
            answers = log_softmax(teacher(images).double() / temperature, dim=1)
        # In single precision the divergence is lost at high temperatures: all confidences are nearly the same.
        own = log_softmax(model(images).double() / temperature, dim=1)
        return temperature**2 * kl_div(own, answers, reduction="batchmean", log_target=True)

    return Mechanism("distillation", objective=lambda epochs: objective)


def disturbed_labels(share: float = STRENGTHS["disturbed labels"]) -> Mechanism:
    """A share of each batch's labels is drawn anew from all classes (Xie et al., DisturbLabel, CVPR 2016).

    Drawn from the random numbers that `fit` seeds for random layers, so that a resumed run repeats them.
    """
    _check_range("share", share, 0, 1)

    def objective(model: nn.Module, images: Tensor, labels: Tensor, epoch: int) -> Tensor:
        logits = model(images)
        drawn = torch.rand(labels.shape) < share
        others = torch.randint(logits.shape[1], labels.shape)
        return cross_entropy(logits, torch.where(drawn, others, labels))

    return Mechanism("disturbed labels", objective=lambda epochs: objective)


def private_training(noise_multiple: float = STRENGTHS["private training"], *, groups: int = 4) -> Mechanism:
    """DP-SGD (Abadi et al., CCS 2016): each example's gradient is cut to length 1, the sum hidden in Gaussian noise.

    Batch norm mixes examples, so it becomes group norm of `groups` groups. The steps are Adam's on the private
    gradient. The privacy budget is not accounted for here.
    """
    if noise_multiple <= 0:
        raise ValueError(f"noise_multiple must be above 0, got {noise_multiple} instead")
    return Mechanism("private training", change=functools.partial(group_normed, groups=groups), private=noise_multiple)


def combine(one: Mechanism, other: Mechanism) -> Mechanism:
    """Both at once: augmentations and changes of the network one after the other, the shares of epochs multiplied.

    Raises ValueError if both have an objective, both decay weights or both are private: they would compete.
    """
    for slot in ("objective", "weight_decay", "private"):
        if getattr(one, slot) and getattr(other, slot):
            raise ValueError(
                f"mechanisms to combine must change different things, got {slot} from {one.name} and {other.name} "
                "instead"
            )
    return Mechanism(
        name=f"{one.name} + {other.name}",
        objective=one.objective or other.objective,
        augment=_in_turn(one.augment, other.augment),
        weight_decay=one.weight_decay + other.weight_decay,
        epochs=one.epochs * other.epochs,
        change=_one_after_the_other(one.change, other.change),
        private=one.private + other.private,
    )


def fit_with(
    mechanism: Mechanism | None, model: nn.Module, images: Tensor, labels: Tensor, *, epochs: int, **settings: Any
) -> tuple[nn.Module, FitResult]:
    """`fit` with a mechanism, or without; returns the trained network, which may be a changed copy of `model`.

    `epochs` are those of a run without early stopping, `settings` the others of `fit`. Raises ValueError as it does.
    """
    mechanism = mechanism or Mechanism("none")
    epochs = max(1, round(mechanism.epochs * epochs))
    model = mechanism.change(model) if mechanism.change else model
    objective = mechanism.objective(epochs) if mechanism.objective else smoothed_objective(0.0, epochs)
    if mechanism.private:
        objective = private_objective(objective, mechanism.private)
    if mechanism.weight_decay:
        settings["optimiser"] = functools.partial(torch.optim.AdamW, weight_decay=mechanism.weight_decay)
    result = fit(model, images, labels, objective=objective, augment=mechanism.augment, epochs=epochs, **settings)
    return model, result


def private_objective(objective: Objective, noise_multiple: float, *, clip: float = CLIP) -> Objective:
    """An objective whose gradient is DP-SGD's: the mean of clipped gradients, plus noise of noise_multiple * clip / n.

    `objective` must ask the network once and be a mean over examples, each of its own logits. Noise is drawn from the
    random numbers that `fit` seeds for random layers.
    """

    def private(model: nn.Module, images: Tensor, labels: Tensor, epoch: int) -> Tensor:
        weights = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
        asked: list[tuple[Tensor, Tensor]] = []

        def answer(batch: Tensor) -> Tensor:
            with torch.no_grad():
                logits = model(batch)
            asked.append((batch, logits.requires_grad_()))
            return logits

        loss = objective(answer, images, labels, epoch)  # type: ignore[arg-type]
        ((batch, logits),) = asked
        (slopes,) = torch.autograd.grad(loss, logits)  # (n, classes)

        def along_slope(own: dict[str, Tensor], image: Tensor, slope: Tensor) -> Tensor:
            answers: Tensor = functional_call(model, own, (image[None],))
            return (answers[0] * slope).sum()

        fixed = {name: weight.detach() for name, weight in weights.items()}
        each = vmap(grad(along_slope), (None, 0, 0), randomness="different")(fixed, batch, slopes * len(batch))
        squares = sum(part.flatten(1).square().sum(dim=1) for part in each.values())
        factor = (clip / torch.sqrt(squares).clamp_min(1e-12)).clamp(max=1)  # (n,)
        surrogate = images.new_zeros(())
        for name, weight in weights.items():
            hidden = torch.tensordot(factor, each[name], dims=1) + noise_multiple * clip * torch.randn_like(weight)
            # Linear in the weight, so that this is its gradient; the value is taken away again.
            surrogate = surrogate + ((weight - weight.detach()) * hidden / len(images)).sum()
        return surrogate + loss.detach()

    return private


def group_normed(model: nn.Module, *, groups: int = 4) -> nn.Module:
    """A copy of the network with group norm wherever it had batch norm. ValueError if the channels do not divide."""
    copied = copy.deepcopy(model)
    for parent in list(copied.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, nn.BatchNorm2d):
                setattr(parent, name, nn.GroupNorm(groups, layer.num_features))
    return copied


def _in_turn(one: Augment | None, other: Augment | None) -> Augment | None:
    if one is None or other is None:
        return one or other
    return lambda images, generator: other(one(images, generator), generator)


def _one_after_the_other(
    one: Callable[[nn.Module], nn.Module] | None, other: Callable[[nn.Module], nn.Module] | None
) -> Callable[[nn.Module], nn.Module] | None:
    if one is None or other is None:
        return one or other
    return lambda model: other(one(model))


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} must lie in [{low}, {high}], got {value} instead")
