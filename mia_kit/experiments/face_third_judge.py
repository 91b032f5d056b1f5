"""Chapter 3's attack on ORL before all three judges, the face embedder among them, over several seeds.

The embedder's weights are in no Python package, so the notebook can only quote these numbers.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from mia_kit.experiments import face_quick
from mia_kit.experiments.face_attack import Judges, measure
from mia_kit.metrics import cluster_interval

VERSION = 1


def run(recipe: dict[str, Any], progress: bool = True) -> dict[str, Any]:
    """Attack the people of every seed. Raises DataError if the DCGAN's or the embedder's weights are absent."""
    tables: dict[str, list[np.ndarray]] = {}
    judges: dict[str, list[dict[str, float]]] = {"second": [], "embedder": []}
    for seed in range(recipe["seeds"]):
        scene = face_quick.set_up(seed=seed, progress=progress)
        film = face_quick.attack_people(scene, range(recipe["people"]), seed=seed, progress=progress)
        found, third = film.frames[-1], face_quick.third_judge(scene)
        again = measure(found, scene.people, third, per_class=face_quick.POOL)
        chosen, measured = film.selected, film.measures[-1]
        for name, hits in (
            ("acc1", measured.rank == 1),
            ("acc5", measured.rank <= 5),
            ("verified by the second judge", measured.distance < scene.judges.threshold),
            ("verified by the embedder", again.distance < third.threshold),
            ("embedder distance", again.distance),
        ):
            tables.setdefault(name, []).append(hits[chosen].astype(float))
        judges["second"].append(_describe(scene.judges))
        judges["embedder"].append(_describe(third))
    return {"handed_in": {name: _summary(np.stack(rows)) for name, rows in tables.items()}, "judges": judges}


def _describe(judge: Judges) -> dict[str, float]:
    return {"threshold": judge.threshold, "genuine": judge.genuine}


def _summary(table: np.ndarray) -> dict[str, Any]:
    """Mean and interval over people of a table of shape (seeds, people), and all its values."""
    return asdict(cluster_interval(table.T)) | {"by_seed": np.round(table, 4).tolist()}
