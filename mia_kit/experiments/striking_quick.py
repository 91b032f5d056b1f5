"""Chapter 8 live: attacks that know of negative smoothing on small targets, and what smoothing does to other attacks.

The same forty people, prior and judges as in chapters 3 to 7. Side effects are measured at quick size with one step of
the gradient's sign instead of a library's attacks, and with faces of the prior instead of public photographs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from mia_kit.access import ConfidenceAPI, WhiteBox
from mia_kit.attacks.prior_to_target import in_channels, synthesise
from mia_kit.experiments.face_attack import attack, film, judge
from mia_kit.experiments.face_quick import POOL, SIZE, Scene, as_pictures
from mia_kit.experiments.side_effects import inference
from mia_kit.experiments.stealing import steal
from mia_kit.experiments.zoo_parts import plug_and_play_queries
from mia_kit.experiments.zoo_quick import Shelf
from mia_kit.models import Classifier, in_batches, sample_latents
from mia_kit.training import one_thread

ATTACKS: dict[str, dict[str, Any]] = {  # what differs from `ATTACK`
    "Poincaré": {},
    "cross-entropy": {"loss": "cross_entropy"},
    "temperature 10": {"loss": "cross_entropy", "temperature": 10.0},
    "raw logit": {"loss": "logit"},
    "margin": {"loss": "margin"},
    "others down": {"loss": "others_down"},
    "boundary": {"loss": "boundary"},
    "restarts": {"pool": 240, "candidates": 3},
}
ATTACK: dict[str, Any] = {
    "pool": 80,
    "candidates": 1,
    "keep": 1,
    "steps": 20,
    "learning_rate": 0.05,
    "selection_views": 4,
    "batch_size": 32,
    "film": [0, 10, 20],
}
STUDENT = {"width": 16, "epochs": 10, "batch_size": 32, "learning_rate": 1e-3}
BUDGETS, EPSILONS = (100, 300), (0.0, 1.0, 2.0, 4.0)


@dataclass(frozen=True, eq=False)
class Strikes:
    """All attacks on all targets: a shelf for the wall, and how the gradients went.

    norms : of the gradient by the code, medians over candidates, of shape (factors, attacks, steps)
    """

    shelf: Shelf
    norms: np.ndarray


@dataclass(frozen=True, eq=False)
class SideEffects:
    """What three other attacks make of a target of each factor.

    factors, epsilons, budgets : ascending
    robust : share of unseen photographs that stay right, of shape (factors, epsilons)
    membership : mean area under each person's ROC curve, of shape (factors,)
    agreement : of student and target on unseen photographs, of shape (factors, budgets)
    """

    factors: tuple[float, ...]
    epsilons: tuple[float, ...]
    budgets: tuple[int, ...]
    robust: np.ndarray
    membership: np.ndarray
    agreement: np.ndarray


def strike(scenes: Mapping[float, Scene], target_classes: Sequence[int], *, seed: int = 0) -> Strikes:
    """Run all attacks on the targets of all factors, which share people, prior and judges."""
    factors = tuple(sorted(scenes))
    cells = [[_cell(scenes[factor], own, target_classes, seed) for own in ATTACKS.values()] for factor in factors]

    def array(name: str) -> np.ndarray:
        table = np.array([[one[name] for one in row] for row in cells])  # (factors, attacks, film, ...)
        return np.moveaxis(table, 2, 1) if name in ("pictures", "ranks", "distances", "queries") else table

    ranks, queries = array("ranks"), array("queries")
    budgets = tuple(int(own) for own in queries[0, :, 0])
    reached = np.ones(ranks.shape, dtype=bool)
    seconds = np.repeat(array("seconds")[:, None], len(budgets), axis=1)
    access = dict.fromkeys(ATTACKS, "white box")
    shelf = Shelf(factors, budgets, access, array("pictures"), reached, ranks, array("distances"), queries, seconds)
    return Strikes(shelf, array("norms"))


def _cell(scene: Scene, changes: Mapping[str, Any], target_classes: Sequence[int], seed: int) -> dict[str, Any]:
    """One attack on one target; the first axis of what it hands in is the film's."""
    settings = ATTACK | dict(changes)
    began = time.perf_counter()
    with one_thread():
        found = attack(scene.target.model, scene.prior, target_classes, settings, size=SIZE, seed=seed, progress=False)
        chosen, targets = found.selected, found.targets[found.selected].numpy()
        frames = [frame.images[chosen] for frame in film(found, scene.prior)]
    judged = [
        judge(images, targets, np.ones(len(targets), dtype=bool), scene.people, scene.judges, per_class=POOL)
        for images in frames
    ]
    count = len(target_classes)
    spent = [plug_and_play_queries(settings | {"steps": steps}, count) / count for steps in settings["film"]]
    return {
        "pictures": [as_pictures(images.expand(-1, 3, -1, -1)) for images in frames],
        "ranks": [one.rank for one in judged],
        "distances": [one.distance for one in judged],
        "queries": spent,
        "seconds": time.perf_counter() - began,
        "norms": found.trace.gradient_norms.median(dim=1).values.numpy(),
    }


Step = Callable[[Tensor, Tensor, float], Tensor]  # pictures, gradient, size of the change -> changed pictures


def side_effects(scenes: Mapping[float, Scene], step: Step, *, seed: int = 0, progress: bool = False) -> SideEffects:
    """Attack each target in three other ways; `step` is the one that changes pictures, see `one_step`."""
    factors = tuple(sorted(scenes))
    robust, membership, agreement = [], [], []
    for factor in factors:
        scene = scenes[factor]
        model, people = scene.target.model, scene.people
        unseen = people.evaluator_training()
        photographs, labels = people.floats(unseen), people.labels[unseen]
        with one_thread():
            robust.append([float(one_step(model, photographs, labels, own, step).float().mean()) for own in EPSILONS])
            membership.append(float(inference(model, people, {"per_class": POOL})["membership"].mean()))
            latents = sample_latents(scene.prior, max(BUDGETS), seed=seed)
            faces = in_channels(people.images.shape[1], synthesise(scene.prior, scene.prior.map(latents)))
            says = in_batches(model, photographs).argmax(dim=1)
            students = [
                steal(ConfidenceAPI(model), faces[:budget], STUDENT, seed=seed, progress=progress) for budget in BUDGETS
            ]
        agreement.append(
            [float((in_batches(own, photographs).argmax(dim=1) == says).float().mean()) for own in students]
        )
    return SideEffects(factors, EPSILONS, BUDGETS, np.array(robust), np.array(membership), np.array(agreement))


def one_step(model: Classifier, images: Tensor, labels: Tensor, epsilon: float, step: Step) -> Tensor:
    """Whether each picture is right after one step of at most `epsilon` grey levels of 255: bool of shape (n,).

    `step(images, gradient, size)` changes pictures in [-1, 1] by at most `size` in each pixel, given the gradient of
    cross-entropy by the pictures.
    """
    given = images.clone().requires_grad_()
    loss = cross_entropy(WhiteBox(model).logits(given), labels, reduction="sum")
    (gradient,) = torch.autograd.grad(loss, given)
    changed = step(images, gradient, 2 * epsilon / 255)
    return in_batches(model, changed).argmax(dim=1) == labels
