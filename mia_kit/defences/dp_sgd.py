"""DP-SGD: clipped gradients of single pictures plus noise, and what that guarantees.

Abadi et al., "Deep Learning with Differential Privacy" (CCS 2016), algorithm 1. Gradients of single pictures, clipping
and noise are Opacus's, and so is the accountant (Renyi divergences of the subsampled Gaussian mechanism, Mironov et
al., 2019, turned into epsilon as in Balle et al., 2020). Opacus is an optional dependency: pip install "mia_kit[dp]".

Ours is the loop. Each step takes every picture with the same probability, as the accountant assumes, so that batches
differ in size; what a step draws depends on the seed and the epoch alone, so that a killed run goes on as in `fit`. A
known seed is no secret: the epsilon holds for noise that nobody can compute again.

Batch norm mixes the pictures of a batch and has no place here: `with_group_norm` replaces it. So do objectives that
compare or mix pictures, and those that learn from a model without privacy. Such an objective says why in its
`not_private`, and is refused.
"""

from __future__ import annotations

import copy
import math
import time
import warnings
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Generator, Tensor, nn
from tqdm.auto import trange

from mia_kit.training.checkpoints import load_checkpoint, run_key, save_checkpoint, unreadable
from mia_kit.training.fit import Augment, Epoch, Objective, Optimiser, SmoothedObjective, checked_decay
from mia_kit.training.seeds import turn_seed

INSTALL = 'DP-SGD needs Opacus: run pip install "mia_kit[dp]"'
# At least so many channels in a group, as in Wu and He (ECCV 2018, table 3). With their 32 groups, a narrow network's
# last layers would have groups of one channel, and where the picture is down to one pixel those are always 0.
GROUP_SIZE = 16

Model = TypeVar("Model", bound=nn.Module)


@dataclass(frozen=True)
class Privacy:
    """What DP-SGD promises: (epsilon, delta)-differential privacy for adding or removing one picture.

    `sample_rate` is a picture's probability of being in a step, `clip_norm` the greatest norm of its gradient, and
    `noise_multiplier` the deviation of the noise on the sum of a step's gradients, in units of `clip_norm`.
    """

    epsilon: float
    delta: float
    noise_multiplier: float
    clip_norm: float
    sample_rate: float
    steps: int

    def __str__(self) -> str:
        return (
            f"epsilon {self.epsilon:.3g} at delta {self.delta:.1e} (noise {self.noise_multiplier:g}, clipped at "
            f"{self.clip_norm:g}, {self.steps} steps, sample rate {self.sample_rate:.3g})"
        )


@dataclass(frozen=True)
class PrivateFitResult:
    """What happened in training, and its price. An epoch's loss is the mean over the pictures that were drawn."""

    history: tuple[Epoch, ...]
    privacy: Privacy
    seconds: float


@dataclass(frozen=True)
class PrivateSettings:
    """How a run is made private, and how long it is.

    Parameters
    ----------
    noise_multiplier : deviation of the noise in units of `clip_norm`, at least 0; 0 guarantees nothing
    clip_norm : greatest norm of a picture's gradient, positive
    delta : probability, in (0, 1), with which the guarantee may fail; a tenth of 1 / n by default
    batch_size : mean number of pictures in a step, in [1, n]
    weight_decay : given to the optimiser as in `fit`; weights are no secret, so that it costs no privacy
    """

    noise_multiplier: float
    clip_norm: float = 1.0
    delta: float | None = None
    epochs: int = 100
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.noise_multiplier) and self.noise_multiplier >= 0):
            raise ValueError(f"noise_multiplier must be finite and at least 0, got {self.noise_multiplier} instead")
        if not (math.isfinite(self.clip_norm) and self.clip_norm > 0):
            raise ValueError(f"clip_norm must be finite and positive, got {self.clip_norm} instead")
        if self.delta is not None and not 0 < self.delta < 1:
            raise ValueError(f"delta must lie in (0, 1), got {self.delta} instead")
        if self.epochs < 1 or self.batch_size < 1:
            raise ValueError(
                f"epochs and batch_size must be at least 1, got {self.epochs} and {self.batch_size} instead"
            )
        if self.weight_decay is not None:
            checked_decay(self.weight_decay)


def fit_private(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    seed: int,
    settings: PrivateSettings,
    objective: Objective | None = None,
    augment: Augment | None = None,
    optimiser: Optimiser = torch.optim.Adam,
    checkpoint: Path | None = None,
    progress: bool = True,
) -> PrivateFitResult:
    """Train `model` in place with DP-SGD and leave it in evaluation mode. The rate stays the same throughout.

    Parameters
    ----------
    model : gives logits of shape (n, classes) for images; without batch norm, see `with_group_norm`
    images : Tensor of shape (n, channels, h, w) in [-1, 1]
    labels : Tensor of shape (n,), integers in [0, classes)
    seed : seeds the draws of pictures, the augmentation, the model's own random layers and the noise
    objective : as in `fit`, a mean over the pictures of a batch, of which each has its own logits; cross-entropy by
        default
    augment : (images, generator) -> images, each picture by itself; none by default
    optimiser : called with the weights and lr; what it makes of private gradients is private
    checkpoint : as in `fit`

    Raises
    ------
    ImportError
        If Opacus is not installed; the message says how to install it.
    ValueError
        If a shape or number does not fit, the model has batch norm, or the objective keeps no picture secret.
    CheckpointError
        If the checkpoint is damaged or of other settings.
    OSError
        If a checkpoint cannot be written; the one before it is whole.
    """
    _check(model, images, labels, settings, objective)
    choices = {"seed": seed, "objective": objective, "augment": augment, "optimiser": optimiser}
    key = run_key(model, images, labels, **asdict(settings), **choices) if checkpoint else ""
    rate = settings.batch_size / len(labels)
    steps = max(1, round(1 / rate))
    decay = {} if settings.weight_decay is None else {"weight_decay": settings.weight_decay}
    loss = objective or SmoothedObjective(0.0, settings.epochs)
    stepper = _Stepper(model, settings, optimiser(model.parameters(), lr=settings.learning_rate, **decay))
    try:
        history, before = _resume(stepper, checkpoint, key) if checkpoint else ([], 0.0)
        began, first = time.perf_counter() - before, len(history)
        for epoch in trange(first, settings.epochs, initial=first, total=settings.epochs, disable=not progress):
            generator = stepper.begin(turn_seed(seed, epoch))
            total, seen = 0.0, 0
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(turn_seed(seed, epoch))
                for _ in range(steps):
                    chosen = torch.rand(len(labels), generator=generator) < rate
                    batch = augment(images[chosen], generator) if augment and chosen.any() else images[chosen]
                    total += stepper.step(loss, batch, labels[chosen], epoch)
                    seen += int(chosen.sum())
            history.append(Epoch(total / seen if seen else math.nan, settings.learning_rate))
            if checkpoint:
                state = {**stepper.state(), "history": [astuple(epoch) for epoch in history]}
                save_checkpoint(checkpoint, state | {"seconds": time.perf_counter() - began}, run=key)
    finally:
        stepper.close()
    model.eval()
    delta = settings.delta or 0.1 / len(labels)
    privacy = spent(settings, delta=delta, sample_rate=rate, steps=steps * settings.epochs)
    return PrivateFitResult(tuple(history), privacy, time.perf_counter() - began)


def spent(settings: PrivateSettings, *, delta: float, sample_rate: float, steps: int) -> Privacy:
    """What so many steps guarantee. Epsilon is infinite without noise. ImportError without Opacus."""
    privacy = Privacy(math.inf, delta, settings.noise_multiplier, settings.clip_norm, sample_rate, steps)
    if settings.noise_multiplier == 0:
        return privacy
    accountant = _opacus().accountants.RDPAccountant()
    accountant.history = [(settings.noise_multiplier, sample_rate, steps)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the best order is the last of its list: the epsilon still holds
        return Privacy(accountant.get_epsilon(delta), *astuple(privacy)[1:])


def with_group_norm(model: Model) -> Model:
    """A copy of the model with group norm for each batch norm; weights of all other layers are kept."""
    model = copy.deepcopy(model)
    for name, layer in list(model.named_modules()):
        if isinstance(layer, nn.BatchNorm2d):
            norm = nn.GroupNorm(_groups(layer.num_features), layer.num_features)
            model.set_submodule(name, norm.to(next(model.parameters()).device))
    return model


def _groups(channels: int) -> int:
    """The greatest number of equal groups of at least `GROUP_SIZE` channels, or one group of all."""
    return max(groups for groups in range(1, max(1, channels // GROUP_SIZE) + 1) if channels % groups == 0)


class _Stepper:
    """The model between Opacus's hooks, which must be closed, and its optimiser."""

    def __init__(self, model: nn.Module, settings: PrivateSettings, optimiser: torch.optim.Optimizer) -> None:
        opacus = _opacus()
        device = next(model.parameters()).device
        self.noise = Generator(device)
        self.optimiser = opacus.optimizers.DPOptimizer(
            optimiser,
            noise_multiplier=settings.noise_multiplier,
            max_grad_norm=settings.clip_norm,
            expected_batch_size=settings.batch_size,
            generator=self.noise,
        )
        self.hooked = opacus.GradSampleModule(model, loss_reduction="sum")
        self.model = model

    def begin(self, epoch_seed: int) -> Generator:
        """Put the model into training mode for an epoch; returns the generator of its pictures."""
        self.noise.manual_seed(epoch_seed ^ 0x6E6F697365)  # another stream than that of the pictures
        self.model.train()
        return Generator().manual_seed(epoch_seed)

    def step(self, objective: Objective, images: Tensor, labels: Tensor, epoch: int) -> float:
        """One step; returns the sum of its pictures' losses. Of no pictures, there is noise alone."""
        self.optimiser.zero_grad()
        total = images.new_zeros(())
        if len(labels):
            total = objective(self.model, images, labels, epoch) * len(labels)
            with warnings.catch_warnings():
                # Opacus's hooks see that no gradient is wanted for the pictures, which is so.
                warnings.filterwarnings("ignore", message="Full backward hook is firing")
                total.backward()
        else:
            for weight in self.optimiser.params:
                weight.grad_sample = weight.new_zeros((0, *weight.shape))
        self.optimiser.step()
        return total.item()

    def state(self) -> dict[str, Any]:
        return {"model": self.model.state_dict(), "optimiser": self.optimiser.state_dict()}

    def close(self) -> None:
        """Leave the model as it would be without Opacus."""
        self.optimiser.zero_grad(set_to_none=True)
        self.hooked.to_standard_module()


def _resume(stepper: _Stepper, checkpoint: Path, key: str) -> tuple[list[Epoch], float]:
    """Go on from the checkpoint, if there is one. Returns the epochs and seconds so far."""
    saved = load_checkpoint(checkpoint, run=key)
    if saved is None:
        return [], 0.0
    try:
        stepper.model.load_state_dict(saved["model"])
        stepper.optimiser.load_state_dict(saved["optimiser"])
        return [Epoch(*epoch) for epoch in saved["history"]], float(saved["seconds"])
    except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as problem:
        raise unreadable(checkpoint) from problem


def _opacus() -> Any:
    try:
        import opacus
        import opacus.accountants
        import opacus.optimizers
    except ImportError as problem:
        raise ImportError(INSTALL) from problem
    return opacus


def _check(
    model: nn.Module, images: Tensor, labels: Tensor, settings: PrivateSettings, objective: Objective | None
) -> None:
    if images.ndim != 4 or labels.shape != images.shape[:1]:
        raise ValueError(
            "images must have the shape (n, channels, h, w) and labels the shape (n,), "
            f"got {tuple(images.shape)} and {tuple(labels.shape)} instead"
        )
    if settings.batch_size > len(labels):
        raise ValueError(f"batch_size must lie in [1, {len(labels)}], got {settings.batch_size} instead")
    if any(isinstance(layer, nn.modules.batchnorm._BatchNorm) for layer in model.modules()):
        raise ValueError("DP-SGD expected a model without batch norm, got one with it instead: use with_group_norm")
    if reason := getattr(objective, "not_private", ""):
        raise ValueError(f"DP-SGD promises nothing with {type(objective).__name__}: {reason}")
