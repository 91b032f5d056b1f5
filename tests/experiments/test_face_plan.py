"""The plans of the face experiments: after their tasks the run itself finds all it needs, and has nothing to make."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from test_attack_zoo import RECIPE as ZOO
from tiny_people import RECIPE, tiny_parts

from mia_kit.experiments import (
    attack_zoo,
    face_parts,
    zoo_tools,
)
from mia_kit.runs.store import Store

FACTORS = {"smoothings": [0.0, 0.1], "per_class": 3, "seeds": 1}
# An experiment, what its recipe has besides the shared one, and the tasks of each stage.
EXPERIMENTS = [
    (attack_zoo, ZOO, [0, 1 + 1, 1, 10]),
]


@pytest.mark.parametrize(("experiment", "own", "tasks"), EXPERIMENTS)
def test_every_part_is_in_the_plan(
    experiment: ModuleType, own: dict[str, Any], tasks: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = RECIPE | own
    parts = tiny_parts(tmp_path, monkeypatch, recipe)
    public = torch.randint(256, (40, 3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    monkeypatch.setattr(zoo_tools, "public_people", lambda size: (public, torch.zeros(40)))
    store, stages = parts.store, experiment.plan(recipe)
    assert [len(stage) for stage in stages] == tasks
    for task in [task for stage in stages for task in stage]:
        assert json.loads(json.dumps(task.arguments)) == task.arguments  # nothing is sent but names and settings
        task.make(store)
    monkeypatch.setattr(store, "_make", lambda *_: pytest.fail("a part was not in the plan"))
    assert experiment.run(recipe, progress=False, store=store)["people"] == 3


def test_a_worker_reads_photographs_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = RECIPE | ZOO
    tiny_parts(tmp_path, monkeypatch, recipe)
    calls: list[str] = []

    def counted(name: str) -> Callable[..., Any]:
        made = getattr(face_parts, name)
        return lambda *given, **named: calls.append(name) or made(*given, **named)

    monkeypatch.setattr(face_parts, "load_people", counted("load_people"))
    for stage in attack_zoo.plan(recipe)[:2]:
        for task in stage:
            task.make(Store(tmp_path / "worker"))
    assert calls == ["load_people"]
