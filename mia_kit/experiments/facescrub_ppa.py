"""The label-smoothing paper's main experiment from data to table: train, attack everybody, select, evaluate.

Struppek, Hintersdorf and Kersting (ICLR 2024), with Plug & Play Attacks. The second judge is the paper's FaceNet, in a
rehearsal a classifier of our own. Differences: the crops of the attack are drawn for each image; photographs are kept
at one size, so that an evaluator which takes larger ones sees them enlarged; students and targets share one schedule of
learning rates; and every number has an interval over people.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from tqdm.auto import tqdm

from mia_kit.experiments.cluster import Task
from mia_kit.experiments.estimate import Bill
from mia_kit.experiments.face_leakage import CLASSIFIER, leaks, summarise
from mia_kit.experiments.full_parts import FullParts, trained_elsewhere
from mia_kit.experiments.full_priors import prior_digest
from mia_kit.runs.store import Store

VERSION = 1
# What the table shows of each cell: its measure, its heading.
COLUMNS = {
    "acc1_all": "Acc@1, all",
    "acc1_selected": "Acc@1",
    "acc5_selected": "Acc@5",
    "verified_selected": "verified",
    "distance_selected": "embedder distance",
    "nearest_selected": "feature distance",
    "extraction": "knowledge extraction",
}


def run(recipe: dict[str, Any], progress: bool = True, store: Store | None = None) -> dict[str, Any]:
    """Measure every smoothing factor and seed of the recipe.

    Raises ValueError for settings that do not fit, DataError if data or weights are absent.
    """
    parts = FullParts(recipe, store or Store(), progress)
    cells = [(smoothing, seed) for smoothing in recipe["smoothings"] for seed in range(recipe["seeds"])]
    bar = tqdm(total=sum(len(list(parts.chunks(seed))) for _, seed in cells), disable=not progress, unit="chunk")
    seeds = {cell: _one(parts, *cell, bar) for cell in cells}
    bar.close()
    results: dict[str, Any] = {
        "people": len(parts.album(0).class_names),
        "candidates": recipe["attack"]["candidates"],
        "device": str(parts.device),
        "evaluator_accuracy": [parts.classifier("evaluator", seed).accuracy for seed in range(recipe["seeds"])],
        "cells": [
            {"smoothing": smoothing, **summarise([seeds[smoothing, seed] for seed in range(recipe["seeds"])])}
            for smoothing in recipe["smoothings"]
        ],
    }
    return results


def inputs(recipe: dict[str, Any]) -> dict[str, str]:
    """What the results depend on besides the recipe."""
    return {"prior": prior_digest(recipe["prior"])}


def plan(recipe: dict[str, Any]) -> list[list[Task]]:
    """What workers can make beside each other: public trunks, classifiers, opinions of the pool, chunks, students."""
    parts, seeds = FullParts(recipe, Store(), progress=False), range(recipe["seeds"])
    cells = [{"smoothing": smoothing, "seed": seed} for smoothing in recipe["smoothings"] for seed in seeds]
    judges = ["evaluator"] + ["embedder"] * (not trained_elsewhere(recipe["embedder"]))
    trunks = [_task(recipe, "trunk", kind=kind) for kind in [*judges, "target"] if "public" in recipe[kind]]
    return [trunks] * bool(trunks) + [
        [_task(recipe, "classifier", kind=kind, seed=seed) for kind in judges for seed in seeds]
        + [_task(recipe, "classifier", kind="target", **cell) for cell in cells],
        [_task(recipe, "judges", seed=seed) for seed in seeds] + [_task(recipe, "scores", **cell) for cell in cells],
        [_task(recipe, "judged", people=own, **cell) for cell in cells for own in parts.chunks(cell["seed"])],
        [_task(recipe, "extraction", **cell) for cell in cells],
    ]


def bill(recipe: dict[str, Any]) -> Bill:
    """What `mia-kit estimate` times."""
    from mia_kit.experiments.bills import full_bill

    return full_bill(recipe)


def make_part(store: Store, recipe: dict[str, Any], what: str, **chosen: Any) -> None:
    """Make what a task of `plan` names."""
    getattr(FullParts(recipe, store, progress=False), what)(**chosen)


def table(results: dict[str, Any]) -> str:
    """The final table as text: a line for each smoothing factor, intervals over people in brackets."""
    headings = ["smoothing", "test accuracy", *COLUMNS.values()]
    rows = [headings]
    for cell in results["cells"]:
        values = [cell[measure] for measure in COLUMNS]
        numbers = [f"{own['value']:.3f} [{own['low']:.3f}, {own['high']:.3f}]" for own in values]
        rows.append([f"{cell['smoothing']:+g}", f"{np.mean(cell['accuracy']):.3f}", *numbers])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(f"{text:>{width}}" for text, width in zip(row, widths, strict=True)) for row in rows)


def _task(recipe: dict[str, Any], what: str, **chosen: Any) -> Task:
    return Task(__name__, "make_part", {"recipe": recipe, "what": what, **chosen})


def _one(parts: FullParts, smoothing: float, seed: int, bar: tqdm) -> dict[str, Any]:
    """One target: its quality, and what the reconstructions of each person show."""
    chunks = []
    for people in parts.chunks(seed):
        chunks.append(parts.judged(people, seed=seed, smoothing=smoothing))
        bar.update()
    found = {name: np.concatenate([own[name] for own in chunks]) for name in ("targets", "selected")}
    for name in ("rank", "embedder_rank", "distance", "nearest"):
        found[name] = np.concatenate([own[name] for own in chunks])[None]  # (1, m): the last step alone
    _, by_person = leaks(found | {"threshold": chunks[0]["threshold"]})
    target = parts.classifier("target", seed, smoothing)
    cosines, norms = (np.mean([own[name] for own in chunks], axis=0) for name in ("cosines", "norms"))
    return {
        "classifier": {name: getattr(target, name) for name in CLASSIFIER},
        "by_person": by_person | {"extraction": parts.extraction(seed=seed, smoothing=smoothing)},
        "film": {},
        "judges": {name: float(chunks[0][name]) for name in ("threshold", "genuine", "named")},
        "cosine": float(np.nanmean(cosines[1:])),
        "cosines": cosines,
        "norms": norms,
    }
