"""Chapter 7 live: small targets with a defence each, how useful they are and what two attacks bring back.

The leakage of a target is that under the loss that brings back more, Poincare or the margin: a defence that saturates
one of them protects nobody. Forty people, a few of them attacked, one seed: enough to see what a defence does to the
pictures, and no measurement; `mia-kit run defence_frontier` is that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from tqdm.auto import tqdm

from mia_kit import check
from mia_kit.defences.bido import gaussian_kernel, linear_kernel, normalised_hsic
from mia_kit.defences.dp_sgd import Privacy
from mia_kit.defences.mid import divergence
from mia_kit.experiments.defended_parts import NONE, Point, fit_defended
from mia_kit.experiments.face_attack import attack, judge
from mia_kit.experiments.face_quick import POOL, SIZE, TARGET, Scene, as_pictures
from mia_kit.experiments.face_targets import utility
from mia_kit.training import one_thread

DEFENCES: dict[str, tuple[float, ...]] = {
    "negative_smoothing": (0.03, 0.1),
    "mid": (0.01, 0.1),
    "bido": (4.0,),
    "dp_sgd": (0.3,),
}
LOSSES = ("poincare", "margin")
ATTACK: dict[str, Any] = {
    "pool": 60,
    "candidates": 1,
    "keep": 1,
    "steps": 20,
    "learning_rate": 0.05,
    "selection_views": 1,
    "batch_size": 32,
}


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained target, and what the worse of the two attacks hands in, one picture of each person.

    accuracy : share right of photographs that it never saw
    privacy : what DP-SGD guarantees, None for other defences
    loss : the attack that brought back more, "poincare" or "margin"
    pictures : uint8 of shape (people, h, w, 3)
    ranks, distances : what the judges say, of shape (people,); rank 1 is a hit
    """

    defence: str
    strength: float
    seed: int
    accuracy: float
    privacy: Privacy | None
    loss: str
    pictures: np.ndarray
    ranks: np.ndarray
    distances: np.ndarray

    @property
    def leakage(self) -> float:
        """The share of people whom the evaluator recognises: Acc@1."""
        return float((self.ranks == 1).mean())


def map_frontier(
    scene: Scene,
    target_classes: Sequence[int],
    *,
    defences: Mapping[str, Sequence[float]] = DEFENCES,
    epochs: int,
    seed: int = 0,
    progress: bool = True,
) -> list[Trained]:
    """The scene's own target, then one for each defence and strength: about ten seconds each.

    Raises ImportError if DP-SGD is among them and Opacus is missing.
    """
    wanted = [(name, strength) for name, strengths in defences.items() for strength in strengths]
    found = [attacked(scene, NONE, 0.0, scene.target.model, None, target_classes, seed=seed)]
    for name, strength in tqdm(wanted, disable=not progress, desc="defending", unit="target"):
        point = Point(scene.people, name, strength, POOL, seed)
        with one_thread():
            made = fit_defended(point, TARGET | {"epochs": epochs}, progress=False)
        found.append(attacked(scene, name, strength, made.model, made.privacy, target_classes, seed=seed))
    return found


def attacked(
    scene: Scene,
    defence: str,
    strength: float,
    model: Any,
    privacy: Privacy | None,
    target_classes: Sequence[int],
    *,
    seed: int,
    settings: dict[str, Any] | None = None,
) -> Trained:
    """Attack one target with both losses and keep what the worse one hands in; of two alike, the first.

    `settings` of the attack are the chapter's, `ATTACK`, by default. Raises ValueError if the target's confidences are
    not finite: a target that cannot be asked is not one that leaks nothing.
    """
    seen = scene.people.target_training(POOL)
    accuracy = utility(model, scene.people, seen)["accuracy"]
    results = []
    for loss in LOSSES:
        with one_thread():
            found = attack(
                model,
                scene.prior,
                target_classes,
                (settings or ATTACK) | {"loss": loss},
                size=SIZE,
                seed=seed,
                progress=False,
            )
        check.finite(f"the target's confidences under the {loss} loss", found.scores)
        everybody = np.ones(len(found.targets), dtype=bool)
        said = judge(found.images, found.targets.numpy(), everybody, scene.people, scene.judges, per_class=POOL)
        pictures = as_pictures(found.images.expand(-1, 3, -1, -1))
        results.append(Trained(defence, strength, seed, accuracy, privacy, loss, pictures, said.rank, said.distance))
    return max(results, key=lambda own: own.leakage)


@dataclass(frozen=True, eq=False)
class Mechanisms:
    """How three defences work, in numbers small enough to draw.

    gradients, clipped : of twelve pictures, of shape (12, 2)
    sums : what DP-SGD adds up with fresh noise, of shape (draws, 2); the sum without noise is that of `clipped`
    clip_norm, noise_multiplier : of these
    shares : of the label in a layer that is otherwise the picture, in [0, 1]
    on_picture, on_label : normalised HSIC of that layer with either, of the shape of `shares`
    deviations : of the noise in MID's bottleneck
    nats : what a number of the code at 0, 1 and 2 costs, of shape (3, deviations)
    """

    gradients: np.ndarray
    clipped: np.ndarray
    sums: np.ndarray
    clip_norm: float
    noise_multiplier: float
    shares: np.ndarray
    on_picture: np.ndarray
    on_label: np.ndarray
    deviations: np.ndarray
    nats: np.ndarray


def mechanisms(*, clip_norm: float = 1.0, noise_multiplier: float = 0.6, draws: int = 40, seed: int = 0) -> Mechanisms:
    """The three on random numbers: gradients in the plane, layers between picture and label, a bottleneck."""
    random = torch.Generator().manual_seed(seed)
    gradients = torch.tensor([0.6, 0.3]) + torch.randn(12, 2, generator=random)
    clipped = gradients * (clip_norm / gradients.norm(dim=1, keepdim=True)).clamp(max=1)
    sums = clipped.sum(dim=0) + noise_multiplier * clip_norm * torch.randn(draws, 2, generator=random)
    pictures = 0.3 * torch.randn(40, 8, generator=random, dtype=torch.float64)
    labels = torch.nn.functional.one_hot(torch.arange(40) % 4, 4).double()
    shares = torch.linspace(0, 1, 11, dtype=torch.float64)
    layers = [torch.cat([(1 - share) * pictures, share * 0.6 * labels], dim=1) for share in shares]  # (40, 12) each
    kernels = [gaussian_kernel(layer) for layer in layers]
    of_picture, of_label = gaussian_kernel(pictures), linear_kernel(labels)
    deviations = torch.linspace(0.05, 1.5, 30, dtype=torch.float64)
    nats = [divergence(torch.full((30, 1), mean).double(), deviations[:, None]) for mean in (0.0, 1.0, 2.0)]
    return Mechanisms(
        gradients.numpy(),
        clipped.numpy(),
        sums.numpy(),
        clip_norm,
        noise_multiplier,
        shares.numpy(),
        np.array([float(normalised_hsic(kernel, of_picture)) for kernel in kernels]),
        np.array([float(normalised_hsic(kernel, of_label)) for kernel in kernels]),
        deviations.numpy(),
        torch.stack(nats).numpy(),
    )
