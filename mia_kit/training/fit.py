"""The training loop: one function, `fit`, for every classifier of the course.

The settings follow the label-smoothing paper (Struppek, Hintersdorf and Kersting, ICLR 2024): Adam at 1e-3, divided by
ten after three quarters and after nine tenths of the epochs, negative factors ramped up. The batches are smaller than
the paper's 128 because our data sets are.

What an epoch draws at random depends on `seed` and the number of the epoch alone: a killed run that is started again
ends with the same weights, to the last bit, as one that was left alone.
"""

from __future__ import annotations

import copy
import math
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor, nn
from tqdm.auto import trange

from mia_kit import check
from mia_kit.data.pictures import to_floats
from mia_kit.models.classifier import predicted
from mia_kit.seeds import seeded
from mia_kit.smoothing import check_smoothing, phases, ramp, smoothed_cross_entropy
from mia_kit.training.checkpoints import fingerprint, resumed, run_key, save_checkpoint
from mia_kit.training.journal import journal
from mia_kit.training.seeds import turn_generator, turn_seed

Objective = Callable[[nn.Module, Tensor, Tensor, int], Tensor]
Augment = Callable[[Tensor, Generator], Tensor]
# Called as optimiser(parameters, lr=learning_rate), such as torch.optim.SGD; and with weight_decay where one is given.
Optimiser = Callable[..., torch.optim.Optimizer]

# The weights, the optimiser, the rates and the history at the end of an epoch.
State = dict[str, Any]

# A run has run away when its loss passes this many times the loss of guessing, log(classes), in either direction.
RUNAWAY = 10.0


class RunawayLossWarning(UserWarning):
    """The training loss is no longer finite, or heads for infinity."""


@dataclass(frozen=True)
class Epoch:
    """One epoch: the mean loss over its batches, each before its own step, and the learning rate used."""

    loss: float
    learning_rate: float


@dataclass(frozen=True)
class FitResult:
    """What happened in training. `runaway_epoch` is the first epoch whose loss ran away, None if there is none.

    `seconds` include what a killed run did before its last checkpoint. `state` is what another call goes on from:
    weights, optimiser, rates and history, plain values and Tensors by name.
    """

    history: tuple[Epoch, ...]
    runaway_epoch: int | None
    seconds: float
    state: State


@dataclass
class _Run:
    """Everything that changes from epoch to epoch."""

    model: nn.Module
    optimiser: torch.optim.Optimizer
    scheduler: torch.optim.lr_scheduler.MultiStepLR
    history: list[Epoch]
    runaway_epoch: int | None = None

    def state(self, seconds: float) -> State:
        history = [astuple(epoch) for epoch in self.history]
        parts = {name: part.state_dict() for name, part in self._parts().items()}
        return {**parts, "history": history, "runaway_epoch": self.runaway_epoch, "seconds": seconds}

    def restore(self, state: State) -> float:
        """Go back to a state and return its seconds."""
        for name, part in self._parts().items():
            part.load_state_dict(copy.deepcopy(state[name]))  # optimisers take its Tensors over and count on in them
        for weight, moments in self.optimiser.state.items():  # fused Adam takes them to lie as the weight does
            for name, moment in moments.items():
                if moment.shape == weight.shape:
                    moments[name] = torch.empty_like(weight).copy_(moment)
        self.history = [Epoch(*epoch) for epoch in state["history"]]
        self.runaway_epoch = state["runaway_epoch"]
        return float(state["seconds"])

    def epoch(self, batches: Iterator[tuple[Tensor, Tensor]], epoch: int, objective: Objective) -> Epoch:
        """One pass over the batches, one step of the optimiser for each."""
        self.model.train()
        total, seen = 0.0, 0
        for images, labels in batches:
            loss = objective(self.model, images, labels, epoch)
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            total += loss.item() * len(labels)
            seen += len(labels)
        return Epoch(total / seen, self.optimiser.param_groups[0]["lr"])

    def _parts(self) -> dict[str, Any]:
        return {"model": self.model, "optimiser": self.optimiser, "scheduler": self.scheduler}


@dataclass(frozen=True)
class SmoothedObjective:
    """Cross-entropy with smoothed labels; a negative factor is ramped over the epochs (see `mia_kit.smoothing`).

    `smoothing` lies in (-inf, 1], `epochs` is the length of the whole run. ValueError for other factors.
    """

    smoothing: float
    epochs: int

    def __post_init__(self) -> None:
        check_smoothing(self.smoothing)
        check.count("epochs", self.epochs)

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, epoch: int) -> Tensor:
        """The mean loss of a batch."""
        return smoothed_cross_entropy(model(images), labels, ramp(self.smoothing, epoch, self.epochs))


def fit(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    seed: int,
    smoothing: float = 0.0,
    objective: Objective | None = None,
    augment: Augment | None = None,
    optimiser: Optimiser = torch.optim.Adam,
    weight_decay: float | None = None,
    epochs: int = 100,
    stop_epoch: int | None = None,
    batch_size: int = 32,
    learning_rate: float = 1e-3,
    start: State | None = None,
    checkpoint: Path | None = None,
    progress: bool = True,
) -> FitResult:
    """Train `model` in place and leave it in evaluation mode.

    model : gives logits of shape (n, classes) for images
    images : Tensor of shape (n, channels, h, w) in [-1, 1], n at least 2
    labels : int64 Tensor of shape (n,) in [0, classes); for an objective that takes soft labels, (n, classes)
    seed : seeds the order of the pictures, the augmentation and the model's own random layers
    smoothing : factor in (-inf, 1] of the default objective; leave it out when an objective is given
    objective : (model, images, labels, epoch) -> scalar loss; cross-entropy with smoothed labels by default
    augment : (images, generator) -> images; none by default. It may take pictures in 256 shades instead of floats, and
        may move them to the model's device: the labels follow
    optimiser : called with the weights, lr and, if it is given, weight_decay; its rate is divided by ten after three
        quarters and nine tenths
    stop_epoch : early stopping: train only so many of the `epochs`, whose schedule of rates and ramp is kept
    start : the `state` of a result to go on from, such as that of a run with other labels which shares the first
        epochs. ValueError unless its epochs, learning rate, weight decay and kind of optimiser are those of this call
    checkpoint : file to save to after every epoch and to go on from, for a fresh model as at the first call. The
        settings, the pictures, the labels and the initial weights must be those of the first call. An objective or
        augmentation is known by its name alone, or, if it is a dataclass, by its fields too: give one that has changed
        a file of its own

    Warns with a RunawayLossWarning, once a call, if the loss runs away; with an objective other than
    `SmoothedObjective`, whose scale is its own, if it is no longer finite. Training goes on, so that the damage can be
    seen. CheckpointError if the checkpoint is damaged or of other settings.
    """
    check.kind("model", model, nn.Module, "an nn.Module")
    check.count("seed", seed, 0)
    _check(images, labels, epochs=epochs, batch_size=batch_size, learning_rate=learning_rate)
    if objective is not None and smoothing != 0:
        raise ValueError("give either a smoothing factor or an objective, not both: an objective has its own factor")
    if labels.ndim == 2 and objective is None:
        raise ValueError("labels of shape (n, classes) need an objective that takes them, got none instead")
    last = epochs if stop_epoch is None else check.count("stop_epoch, at most epochs,", stop_epoch, most=epochs)
    settings = {"epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate}
    choices: dict[str, Any] = {"seed": seed, "smoothing": smoothing, "objective": objective, "augment": augment}
    if optimiser is not torch.optim.Adam:  # checkpoints of runs with Adam do not name it
        choices["optimiser"] = optimiser
    decay = {} if weight_decay is None else {"weight_decay": check.in_range("weight_decay", weight_decay, 0)}
    if last < epochs:
        choices["stop_epoch"] = last
    if start and checkpoint:
        weights = {name: weight.cpu() for name, weight in start["model"].items()}
        choices["start"] = [fingerprint(weights), start["history"]]
    key = run_key(model, images, labels, **settings, **choices, **decay) if checkpoint else ""
    objective = objective or SmoothedObjective(smoothing, epochs)
    made = optimiser(model.parameters(), lr=learning_rate, **decay)
    run = _Run(model, made, torch.optim.lr_scheduler.MultiStepLR(made, phases(epochs)[1:], gamma=0.1), [])
    if start:
        _check_start(_schedule(start), _schedule(run.state(0.0)))
    began = time.perf_counter() - resumed(checkpoint, key, run.restore, nothing=run.restore(start) if start else 0.0)
    if run.runaway_epoch is not None:
        _warn(run.history[run.runaway_epoch].loss, run.runaway_epoch)
    first = len(run.history)
    bar = trange(first, last, initial=first, total=last, disable=not progress, desc="training", unit="epoch")
    with journal(checkpoint, first=first) as note:
        for epoch in bar:
            generator = turn_generator(seed, epoch)
            batches = _batches(images, labels, generator, batch_size=batch_size, augment=augment)
            with seeded(turn_seed(seed, epoch)):  # for random layers of the model, such as dropout
                record = run.epoch(batches, epoch, objective)
            run.scheduler.step()
            run.history.append(record)
            note(epoch, loss=record.loss, learning_rate=record.learning_rate)
            bar.set_postfix(loss=f"{record.loss:.3g}", refresh=False)
            if run.runaway_epoch is None and _ran_away(record.loss, model, images, labels, objective):
                run.runaway_epoch = epoch
                _warn(record.loss, epoch)
            if checkpoint:
                save_checkpoint(checkpoint, run.state(time.perf_counter() - began), run=key)
    model.eval()
    seconds = time.perf_counter() - began
    return FitResult(tuple(run.history), run.runaway_epoch, seconds, copy.deepcopy(run.state(seconds)))


def _batches(
    images: Tensor, labels: Tensor, generator: Generator, *, batch_size: int, augment: Augment | None
) -> Iterator[tuple[Tensor, Tensor]]:
    """All pictures once, in random order, in batches of nearly equal size (batch norm fails on a last batch of one).

    Of an odd number of pictures, batches of two cannot all be: the first has three.
    """
    order = torch.randperm(len(labels), generator=generator)
    for index in order.tensor_split(min(math.ceil(len(labels) / batch_size), len(labels) // 2)):
        batch = images[index]
        batch = augment(batch, generator) if augment else batch
        yield batch, labels[index].to(batch.device)


def _check(images: Tensor, labels: Tensor, *, epochs: int, batch_size: int, learning_rate: float) -> None:
    if isinstance(images, Tensor) and images.dtype == torch.uint8:  # the augmentation makes floats of these
        check.shape("images", images, ("n", "channels", "h", "w"))
        check.count("the number of images", len(images), 2)
    else:
        # shadow models are trained side by side, a channel or three for each
        channels = images.shape[1] if isinstance(images, Tensor) and images.ndim == 4 else None
        check.images(images, channels=channels, least=2)
    if isinstance(labels, Tensor) and labels.ndim == 2:
        check.shape("labels", labels, (len(images), "classes"))
    else:
        check.labels(labels, classes=None, length=len(images))
    check.count("epochs", epochs)
    check.count("batch_size", batch_size, 2)
    check.in_range("learning_rate", learning_rate, 0, open_ends="low")


def _schedule(state: State) -> dict[str, Any]:
    """What a state would put in place of a call's own arguments."""
    groups = state["optimiser"]["param_groups"]
    return {
        "drops of the rate": dict(state["scheduler"]["milestones"]),
        "learning_rate": [group["initial_lr"] for group in groups],
        "weight_decay": [group.get("weight_decay") for group in groups],
        "settings of the optimiser": [sorted(group) for group in groups],
    }


def _check_start(start: dict[str, Any], asked: dict[str, Any]) -> None:
    for name, wanted in asked.items():
        if start[name] != wanted:
            raise ValueError(f"start must have the {name} of this call, {wanted}, got {start[name]} instead")


def _ran_away(loss: float, model: nn.Module, images: Tensor, labels: Tensor, objective: Objective) -> bool:
    """Whether training is lost. Under a negative factor a falling loss is the design, so accuracy decides there."""
    if not isinstance(objective, SmoothedObjective):  # what a defence adds may be many times the loss of guessing
        return not math.isfinite(loss)
    classes = max(2, labels.shape[1] if labels.ndim == 2 else int(labels.max()) + 1)
    if math.isfinite(loss) and abs(loss) <= RUNAWAY * math.log(classes):
        return False
    return not (objective.smoothing < 0 and _accuracy(model, images, labels) > 0.5)


@torch.no_grad()
def _accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Share of up to 512 training pictures, evenly spread, that the model gets right."""
    device = next(model.parameters()).device
    spread = torch.linspace(0, len(labels) - 1, min(512, len(labels))).long()
    model.eval()
    pictures = images[spread] if images.is_floating_point() else to_floats(images[spread])
    named = predicted(model(pictures.to(device))).cpu()
    model.train()
    truth = labels[spread].cpu()
    return float((named == (truth.argmax(dim=1) if truth.ndim == 2 else truth)).float().mean())


def _warn(loss: float, epoch: int) -> None:
    warnings.warn(
        f"the loss ran away: {loss:.3g} in epoch {epoch}. Take a smoothing factor nearer to 0 (below about -0.3 the "
        "loss has no floor that training can find), a smaller learning rate or fewer epochs.",
        RunawayLossWarning,
        stacklevel=3,
    )
