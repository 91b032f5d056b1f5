"""DP-SGD: clipped gradients of single pictures plus noise, and what that guarantees.

Abadi et al., "Deep Learning with Differential Privacy" (CCS 2016), algorithm 1. Gradients of single pictures, clipping
and noise are Opacus's, and so is the accountant (Renyi divergences of the subsampled Gaussian mechanism, Mironov et
al., 2019, turned into epsilon as in Balle et al., 2020). Opacus is an optional dependency: pip install "mia_kit[dp]".

Ours is the loop. Each step takes every picture with the same probability, as the accountant assumes, so that batches
differ in size; a killed run goes on as in `fit`. A known seed is no secret: the epsilon holds for noise that nobody can
compute again. Batch norm mixes the pictures of a batch: `with_group_norm` replaces it. Noise grows with the number of
weights: with `head_only`, a trunk that was trained on public pictures stays as it is, batch norm included, and the last
layer alone is trained. Objectives that compare or mix pictures, or learn from a model without privacy, say why in their
`not_private`, and are refused.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from tqdm.auto import trange

from mia_kit import check
from mia_kit.seeds import seeded
from mia_kit.signatures import checked
from mia_kit.training.checkpoints import resumed, run_key, save_checkpoint
from mia_kit.training.fit import Augment, Epoch, Objective, Optimiser, SmoothedObjective
from mia_kit.training.seeds import turn_seed

# Of less noise epsilon has no number: its divergences leave the range of float64.
LEAST_NOISE = 1e-6
INSTALL = 'DP-SGD needs Opacus: run pip install "mia_kit[dp]"'


@dataclass(frozen=True)
class Privacy:
    """What DP-SGD promises: (epsilon, delta)-differential privacy for adding or removing one picture.

    `sample_rate` is a picture's probability of being in a step; the rest as in `PrivateSettings`.
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


@dataclass(frozen=True)
class PrivateSettings:
    """How a run is made private, and how long it is.

    noise_multiplier : deviation of the noise in units of `clip_norm`, at least 0; below 1e-6 it guarantees nothing
    clip_norm : greatest norm of a picture's gradient, positive
    delta : probability, in (0, 1), with which the guarantee may fail; a tenth of 1 / n by default
    head_only : train `model.head` alone; all other layers stay as they are and answer as in evaluation mode. They must
        not have seen the private pictures
    batch_size : mean number of pictures in a step, in [1, n]
    weight_decay : given to the optimiser as in `fit`; weights are no secret, so that it costs no privacy
    """

    noise_multiplier: float
    clip_norm: float = 1.0
    delta: float | None = None
    head_only: bool = False
    epochs: int = 100
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float | None = None

    def __post_init__(self) -> None:
        check.in_range("noise_multiplier", self.noise_multiplier, 0)
        check.in_range("clip_norm", self.clip_norm, 0, open_ends="low")
        if self.delta is not None:
            check.in_range("delta", self.delta, 0, 1, open_ends="both")
        check.whole_fields(self, epochs=1, batch_size=1)
        check.in_range("learning_rate", self.learning_rate, 0)
        if self.weight_decay is not None:
            check.in_range("weight_decay", self.weight_decay, 0)


@checked
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

    Arguments are those of `fit`, with these differences: the model has no batch norm, see `with_group_norm`, but for a
    run of the head alone, which needs a linear layer named `head`; `seed` seeds the noise too; the objective is a mean
    over the pictures of a batch, of which each has its own logits; `augment` changes each picture by itself. What the
    optimiser makes of private gradients is private. ImportError if Opacus is not installed.
    """
    _check(model, images, labels, settings, objective)
    choices = {"seed": seed, "objective": objective, "augment": augment, "optimiser": optimiser}
    key = run_key(model, images, labels, **asdict(settings), **choices) if checkpoint else ""
    privacy = price(settings, len(labels))
    decay = {} if settings.weight_decay is None else {"weight_decay": settings.weight_decay}
    loss = objective or SmoothedObjective(0.0, settings.epochs)
    weights = _trained(model, settings).parameters()
    stepper = _Stepper(model, settings, optimiser(weights, lr=settings.learning_rate, **decay))
    try:
        nothing: list[Epoch] = []
        history = resumed(checkpoint, key, stepper.restore, nothing)
        first = len(history)
        for epoch in trange(first, settings.epochs, initial=first, total=settings.epochs, disable=not progress):
            generator, total, seen = stepper.begin(turn_seed(seed, epoch)), 0.0, 0
            with seeded(turn_seed(seed, epoch)):
                for _ in range(privacy.steps // settings.epochs):
                    drawn = torch.rand(len(labels), generator=generator) < privacy.sample_rate
                    batch = augment(images[drawn], generator) if augment and drawn.any() else images[drawn]
                    total += stepper.step(loss, batch, labels[drawn], epoch)
                    seen += int(drawn.sum())
            history.append(Epoch(total / seen if seen else math.nan, settings.learning_rate))
            if checkpoint:
                state = {**stepper.state(), "history": [astuple(epoch) for epoch in history]}
                save_checkpoint(checkpoint, state, run=key)
    finally:
        stepper.close()
    model.eval()
    return PrivateFitResult(tuple(history), privacy)


def price(settings: PrivateSettings, count: int) -> Privacy:
    """What a whole training with these settings on `count` pictures guarantees. ImportError without Opacus."""
    rate = settings.batch_size / count
    steps = max(1, round(1 / rate)) * settings.epochs
    return spent(settings, delta=settings.delta or 0.1 / count, sample_rate=rate, steps=steps)


def spent(settings: PrivateSettings, *, delta: float, sample_rate: float, steps: int) -> Privacy:
    """What so many steps guarantee, at a delta in (0, 1) and a sample rate in (0, 1]; nothing with noise below 1e-6."""
    check.in_range("delta", delta, 0, 1, open_ends="both")
    check.in_range("sample_rate", sample_rate, 0, 1, open_ends="low")
    steps = check.count("steps", steps)
    epsilon = math.inf
    if settings.noise_multiplier >= LEAST_NOISE:
        accountant = _opacus().accountants.RDPAccountant()
        accountant.history = [(settings.noise_multiplier, sample_rate, steps)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that the best order is the last of its list: the epsilon still holds
            # A large delta makes the conversion negative, where even 0 can be promised.
            epsilon = max(0.0, accountant.get_epsilon(delta))
    return Privacy(epsilon, delta, settings.noise_multiplier, settings.clip_norm, sample_rate, steps)


class _Stepper:
    """The model between Opacus's hooks, which must be closed, and its optimiser, which has the weights to train."""

    def __init__(self, model: nn.Module, settings: PrivateSettings, optimiser: torch.optim.Optimizer) -> None:
        opacus = _opacus()
        self.noise = Generator(next(model.parameters()).device)
        self.optimiser = opacus.optimizers.DPOptimizer(
            optimiser,
            noise_multiplier=settings.noise_multiplier,
            max_grad_norm=settings.clip_norm,
            expected_batch_size=settings.batch_size,
            generator=self.noise,
        )
        self.model, self.trained = model, _trained(model, settings)
        kept = set(model.parameters()) - set(self.trained.parameters())
        self.frozen = [weight.requires_grad_(False) for weight in kept if weight.requires_grad]
        self.hooked = opacus.GradSampleModule(self.trained, loss_reduction="sum")

    def begin(self, epoch_seed: int) -> Generator:
        """Put the model into training mode for an epoch; returns the generator of its pictures."""
        self.noise.manual_seed(epoch_seed ^ 0x6E6F697365)  # another stream than that of the pictures
        self.model.eval()
        self.trained.train()
        return Generator().manual_seed(epoch_seed)

    def step(self, objective: Objective, images: Tensor, labels: Tensor, epoch: int) -> float:
        """One step; returns the sum of its pictures' losses. Of no pictures, there is noise alone."""
        images, labels = images.to(self.noise.device), labels.to(self.noise.device)
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

    def restore(self, saved: dict[str, Any]) -> list[Epoch]:
        """Go back to a saved state. Returns the epochs so far."""
        self.model.load_state_dict(saved["model"])
        self.optimiser.load_state_dict(saved["optimiser"])
        return [Epoch(*epoch) for epoch in saved["history"]]

    def close(self) -> None:
        """Leave the model as it would be without Opacus."""
        self.optimiser.zero_grad(set_to_none=True)
        self.hooked.to_standard_module()
        for weight in self.frozen:
            weight.requires_grad_(True)


def _trained(model: nn.Module, settings: PrivateSettings) -> nn.Module:
    return model.get_submodule("head" if settings.head_only else "")


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
    if reason := getattr(objective, "not_private", ""):
        raise ValueError(f"DP-SGD promises nothing with {type(objective).__name__}: {reason}")
    if settings.head_only and not isinstance(getattr(model, "head", None), nn.Linear):
        raise TypeError(f"DP-SGD of the head expected a model with a linear head, got {type(model).__name__} instead")
    norms = [name for name, layer in model.named_modules() if isinstance(layer, _BatchNorm)]
    if norms and not settings.head_only:
        raise ValueError(
            f"DP-SGD expected a model without batch norm, got one with it in {norms[0]} instead: use with_group_norm"
        )
    check.images(images)
    check.count("batch_size", settings.batch_size, most=len(images))
    model.eval()
    with torch.no_grad():
        classes = model(images[:1].to(next(model.parameters()).device)).shape[1]
    check.labels(labels, classes=classes, length=len(images))
