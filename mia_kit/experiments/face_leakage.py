"""Claims S5, S9 to S13, S15, S22: what a face classifier leaks, against the smoothing factor and the photographs.

Every factor, number of photographs and seed is one target, attacked for all its people with the same latents. Numbers
are means over people, of their mean over seeds; intervals resample people, and each seed's mean stands beside them.
Advantage is the relative change against hard labels, person by person, seed by seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from mia_kit.experiments.cluster import Task
from mia_kit.experiments.estimate import Bill
from mia_kit.experiments.face_parts import Parts, per_person
from mia_kit.experiments.face_people import People
from mia_kit.experiments.face_plan import cells, classifiers, parts_and_people, task
from mia_kit.experiments.priors import inputs as inputs
from mia_kit.metrics import Interval, cluster_interval
from mia_kit.runs.store import Store

VERSION = 1
CLASSIFIER = ("accuracy", "training_accuracy", "calibration_error", "confidence")


def run(recipe: dict[str, Any], progress: bool = True, store: Store | None = None) -> dict[str, Any]:
    """Measure every cell of the recipe and return the results."""
    parts = Parts(recipe, store or Store(), progress)
    people = [parts.people(seed) for seed in range(recipe["seeds"])]
    evaluators = [parts.evaluator(own, seed) for seed, own in enumerate(people)]
    results: dict[str, Any] = {
        "people": len(people[0].class_names),
        "evaluator_accuracy": [fitted.accuracy for fitted in evaluators],
        "film": recipe["attack"]["film"],
        "cells": [],
    }
    for per_class in recipe["per_class"]:
        for smoothing in recipe["smoothings"]:
            seeds = [_one(parts, own, smoothing, per_class, seed) for seed, own in enumerate(people)]
            results["cells"].append({"smoothing": smoothing, "per_class": per_class, **summarise(seeds)})
    return results


def plan(recipe: dict[str, Any]) -> list[list[Task]]:
    """What workers can make beside each other: public trunks, then classifiers, then attacks with their measures."""
    own = [cell for per_class in recipe["per_class"] for cell in cells(recipe, per_class)]
    return [*classifiers(recipe, own), [task(recipe, __name__, "make_cell", **cell) for cell in own]]


def make_cell(store: Store, recipe: dict[str, Any], **chosen: Any) -> None:
    """Make the attack on a target, what the judges say of it and the knowledge that it extracts."""
    parts, people = parts_and_people(store, recipe, chosen["seed"])
    parts.judged(people, **chosen)
    parts.extraction(people, **chosen)


def bill(recipe: dict[str, Any]) -> Bill:
    """What `mia-kit estimate` times."""
    from mia_kit.experiments.bills import face_bill

    return face_bill(recipe)


def advantage(cell: dict[str, Any], hard: dict[str, Any], measure: str = "acc1_all") -> Interval:
    """Relative change against hard labels, with a bootstrap over people; nan if hard labels leak nothing."""
    own, base = np.array(cell[measure]["by_person"]), np.array(hard[measure]["by_person"])
    draws = np.random.default_rng(0).integers(len(own), size=(10_000, len(own)))
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = own[draws].mean(axis=1) / base[draws].mean(axis=1) - 1
        low, high = np.quantile(ratios, [0.025, 0.975])
        return Interval(float(own.mean() / base.mean() - 1), float(low), float(high))


def _one(parts: Parts, people: People, smoothing: float, per_class: int, seed: int) -> dict[str, Any]:
    """One target: its quality, and for each person (and number of steps) what its reconstructions show."""
    chosen: dict[str, Any] = {"smoothing": smoothing, "per_class": per_class, "seed": seed}
    target, found = parts.target(people, **chosen), parts.judged(people, **chosen)
    values, by_person = leaks(found)
    return {
        "classifier": {name: getattr(target, name) for name in CLASSIFIER},
        "by_person": by_person | {"extraction": parts.extraction(people, **chosen)},
        "film": {name: own.mean(axis=1) for name, own in values.items()},
        "judges": {name: float(found[name]) for name in ("threshold", "genuine", "named")},
        "cosine": float(np.nanmean(found["cosines"][1:])),
        "cosines": found["cosines"],
        "norms": found["norms"],
    }


def leaks(found: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Hits and distances of every candidate, each of shape (film, m), and by person at the end, each (people,).

    `found` has what `Parts.judged` gives. By person: the mean over what was selected, and over all candidates.
    """
    values = {
        "acc1": found["rank"] == 1,
        "acc5": found["rank"] <= 5,
        "named": found["embedder_rank"] == 1,
        "named5": found["embedder_rank"] <= 5,
        "verified": found["distance"] < found["threshold"],
        "distance": found["distance"],
        "nearest": found["nearest"],
    }
    selected = found["selected"].astype(bool)
    by_person = {
        f"{name}_{which}": per_person(own[-1], found["targets"], chosen)
        for which, chosen in (("selected", selected), ("all", np.ones_like(selected)))
        for name, own in values.items()
    }
    return values, by_person


def summarise(seeds: list[dict[str, Any]]) -> dict[str, Any]:
    """All seeds of a cell: values by seed for what belongs to a target, intervals over people for what leaks."""
    summary: dict[str, Any] = {name: [own["classifier"][name] for own in seeds] for name in seeds[0]["classifier"]}
    for name in seeds[0]["by_person"]:
        table = np.stack([own["by_person"][name] for own in seeds])  # (seeds, people)
        interval = cluster_interval(table.T)
        summary[name] = asdict(interval) | {
            "by_seed": table.mean(axis=1).tolist(),
            "by_person": np.round(table.mean(axis=0), 4).tolist(),
        }
    summary["film"] = {name: np.stack([own["film"][name] for own in seeds]).tolist() for name in seeds[0]["film"]}
    summary["judges"] = {name: [own["judges"][name] for own in seeds] for name in seeds[0]["judges"]}
    summary["cosine"] = [own["cosine"] for own in seeds]
    for name in ("cosines", "norms"):
        summary[name] = np.round(np.nanmean([own[name][1:] for own in seeds], axis=0), 4).tolist()
    return summary
