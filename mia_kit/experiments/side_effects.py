"""Claims S19 to S21: what smoothing does to three other attacks on the same targets, for both signs of the factor.

* **Adversarial examples**: how many of its right answers does a target keep when the picture is changed by at most
  epsilon? Adversarial Robustness Toolbox, an optional dependency: see `adversarial`.
* **Membership inference**: how much lower is the loss of photographs that the target trained on? The plain loss attack;
  chapter 11 has the rest.
* **Model stealing**: a student learns from the target's confidences about public faces, and is held against it on
  photographs of the people that neither has seen.

Every number is one for each person and seed, so that its interval is over people, as for all face claims.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mia_kit.access import ConfidenceAPI, WhiteBox
from mia_kit.experiments import adversarial, stealing
from mia_kit.experiments.cluster import Task
from mia_kit.experiments.face_parts import Parts, per_person
from mia_kit.experiments.face_people import People
from mia_kit.experiments.face_plan import cells, classifiers, parts_and_people, task
from mia_kit.experiments.zoo_tools import public_faces
from mia_kit.membership import losses_and_confidences
from mia_kit.metrics import cluster_interval, roc
from mia_kit.models import Classifier, in_batches
from mia_kit.runs.store import Store

VERSION = 1


def run(recipe: dict[str, Any], progress: bool = True, store: Store | None = None) -> dict[str, Any]:
    """Measure every factor and seed of the recipe; return the cells.

    Raises DataError if data are absent, ImportError with the command to install the toolbox.
    """
    adversarial.toolbox()  # before the work begins
    parts = Parts(recipe, store or Store(), progress)
    people = [parts.people(seed) for seed in range(recipe["seeds"])]
    cells = []
    for smoothing in recipe["smoothings"]:
        seeds = [one_target(parts, own, smoothing, seed) for seed, own in enumerate(people)]
        cells.append({"smoothing": smoothing, **summarised(seeds)})
    return {"people": len(people[0].class_names), "cells": cells}


def plan(recipe: dict[str, Any]) -> list[list[Task]]:
    """What workers can make beside each other: the targets, then all that is measured of each."""
    targets = cells(recipe, recipe["per_class"])
    chosen = [{"smoothing": own["smoothing"], "seed": own["seed"]} for own in targets]
    trunks, both = classifiers(recipe, targets)
    without_judges = both[recipe["seeds"] :]  # nobody is judged here: no evaluator is needed
    return [trunks, without_judges, [task(recipe, __name__, "make_target", **own) for own in chosen]]


def make_target(store: Store, recipe: dict[str, Any], smoothing: float, seed: int) -> None:
    """Make all that is measured of a target."""
    parts, people = parts_and_people(store, recipe, seed)
    one_target(parts, people, smoothing, seed)


def one_target(parts: Parts, people: People, smoothing: float, seed: int) -> dict[str, dict[str, np.ndarray]]:
    """All that is measured of one target: `by_person`, arrays of shape (people,), and `numbers`."""
    chosen: dict[str, Any] = {"smoothing": smoothing, "per_class": parts.recipe["per_class"], "seed": seed}
    settings = {"target": parts.target_settings(**chosen)}
    fitted = parts.target(people, **chosen)
    found: dict[str, np.ndarray] = {}
    makers: dict[str, Callable[[], dict[str, Any]]] = {
        "robustness": lambda: robustness(fitted.model, people, parts.recipe, seed=seed),
        "inference": lambda: inference(fitted.model, people, parts.recipe),
        "stealing": lambda: stolen(fitted.model, people, parts, seed=seed),
    }
    for kind, make in makers.items():
        own = settings | {name: parts.recipe[name] for name in (kind, "evaluator_from") if name in parts.recipe}
        stored = parts.store.get(f"side_{kind}", own, _ignoring_checkpoint(make), version=VERSION)
        found |= {name: np.asarray(value) for name, value in stored.items()}
    numbers = {name: own for name, own in found.items() if own.ndim == 0}
    by_person = {name: own for name, own in found.items() if own.ndim == 1}
    return {"numbers": numbers | {"accuracy": np.asarray(fitted.accuracy)}, "by_person": by_person}


def _ignoring_checkpoint(make: Callable[[], dict[str, Any]]) -> Callable[[Path], dict[str, Any]]:
    return lambda checkpoint: make()


def robustness(model: Classifier, people: People, recipe: dict[str, Any], *, seed: int) -> dict[str, np.ndarray]:
    """Shares of each person's unseen photographs that stay right, by epsilon, and under each attack alone.

    `recipe["robustness"]` has photographs (of each person), epsilons in grey levels of 255, steps and queries. An
    entry "robust 1" is that of all attacks together at epsilon 1, "robust 1 square" that of one of them.
    """
    own = recipe["robustness"]
    first = recipe.get("evaluator_from", people.pool)
    chosen = (people.order >= first) & (people.order < first + own["photographs"])
    labels = people.labels[chosen]
    found = {"robust 0": in_batches(model, people.floats(chosen)).argmax(dim=1) == labels}
    for epsilon in own["epsilons"]:
        held = adversarial.withstood(
            model, people.floats(chosen), labels, epsilon, steps=own["steps"], queries=own["queries"], seed=seed
        )
        found[f"robust {epsilon:g}"] = torch.stack(list(held.values())).all(dim=0)
        found |= {f"robust {epsilon:g} {name}": one for name, one in held.items()}
    everybody = np.ones(len(labels), dtype=bool)
    return {name: per_person(one.numpy().astype(float), labels.numpy(), everybody) for name, one in found.items()}


def inference(model: Classifier, people: People, recipe: dict[str, Any]) -> dict[str, Any]:
    """The loss attack: how often has a photograph of the target's a lower loss than an unseen one of the same person?

    membership : that share for each person, the area under its ROC curve; 0.5 is guessing
    membership_auc : the area for all photographs together, over which one threshold must serve
    """
    members = people.target_training(recipe["per_class"])
    unseen = people.order >= recipe.get("evaluator_from", people.pool)
    access = WhiteBox(model)
    scores = {}
    for name, chosen in (("in", members), ("out", unseen)):
        _, scaled = losses_and_confidences(access, people.floats(chosen), people.labels[chosen])
        scores[name] = (scaled, people.labels[chosen].numpy())  # a monotone function of minus the loss
    # Without an interval, which would resample photographs and not people.
    areas = [
        roc(*(scaled[labels == person] for scaled, labels in scores.values())).area
        for person in range(len(people.class_names))
    ]
    return {"membership": np.array(areas), "membership_auc": roc(scores["in"][0], scores["out"][0]).area}


def stolen(model: Classifier, people: People, parts: Parts, *, seed: int) -> dict[str, np.ndarray]:
    """How a student of each budget of queries agrees with the target, and how often it is right, for each person.

    `recipe["stealing"]` has budgets and the student's width, epochs, batch_size and learning_rate.
    """
    own, trunk = parts.recipe["stealing"], parts.trunk("target")
    unseen = people.order >= parts.recipe.get("evaluator_from", people.pool)
    photographs, labels = people.floats(unseen), people.labels[unseen].numpy()
    says = in_batches(model, photographs).argmax(dim=1).numpy()
    everybody, found = np.ones(len(labels), dtype=bool), {}
    for budget in own["budgets"]:
        faces = public(budget, people)
        student = stealing.steal(ConfidenceAPI(model), faces, own, seed=seed, trunk=trunk, progress=parts.progress)
        answers = in_batches(student, photographs).argmax(dim=1).numpy()
        found[f"agreement {budget}"] = per_person((answers == says).astype(float), labels, everybody)
        found[f"stolen accuracy {budget}"] = per_person((answers == labels).astype(float), labels, everybody)
    return found


def public(budget: int, people: People) -> Tensor:
    """So many public photographs in the people's size and colours; a smaller budget is a part of a greater one."""
    channels, size = people.images.shape[1:3]
    return public_faces(budget, channels=channels, size=size)


def summarised(seeds: list[dict[str, dict[str, np.ndarray]]]) -> dict[str, Any]:
    """Lists by seed for what belongs to a target; intervals over people for the rest, and by seed and person."""
    found: dict[str, Any] = {
        name: [round(float(own["numbers"][name]), 4) for own in seeds] for name in seeds[0]["numbers"]
    }
    for name in seeds[0]["by_person"]:
        table = np.stack([own["by_person"][name] for own in seeds], axis=1)  # (people, seeds)
        found[name] = asdict(cluster_interval(table)) | {
            "by_seed": np.round(table.mean(axis=0), 4).tolist(),
            "by_person": np.round(table.mean(axis=1), 4).tolist(),
        }
    return found
