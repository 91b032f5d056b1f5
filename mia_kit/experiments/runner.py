"""Recipes: YAML files that name an experiment and its settings. `run` measures one and leaves its evidence."""

from __future__ import annotations

import json
import time
from importlib import import_module, resources
from inspect import signature
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from mia_kit.experiments.evidence import measurement, write_evidence, write_measurement
from mia_kit.experiments.store import Store

RECIPES = resources.files("mia_kit.experiments") / "recipes"
RECIPE_KIND = "recipe"  # of whole recipes in the store


def recipe_names() -> list[str]:
    """The recipes that ship with the package."""
    return sorted(Path(entry.name).stem for entry in RECIPES.iterdir() if entry.name.endswith(".yaml"))


def read_recipe(name: str) -> dict[str, Any]:
    """A recipe by its name in the package or by the path of a YAML file. ValueError if it is no recipe."""
    path = Path(name)
    if name in recipe_names():
        text = (RECIPES / f"{name}.yaml").read_text(encoding="utf-8")
    elif path.is_file():
        text = path.read_text(encoding="utf-8")
    else:
        raise ValueError(f"there is no recipe {name!r}; give a YAML file or one of: {', '.join(recipe_names())}")
    try:
        recipe = yaml.safe_load(text)
    except yaml.YAMLError as problem:
        raise ValueError(f"the recipe {name!r} is not valid YAML: {problem}") from problem
    if not isinstance(recipe, dict) or not isinstance(recipe.get("experiment"), str):
        raise ValueError(f"the recipe {name!r} must name its experiment, as in `experiment: toy_order`")
    return recipe


def run(name: str, progress: bool = True, *, store: Store | None = None) -> Path:
    """Measure a recipe and return the path of what it wrote: evidence, or the table of toy models.

    What an experiment with a `VERSION` has measured before, for the same recipe, is taken from the store and written as
    it was, date and seconds included. One whose `run` has the keyword `store` keeps its parts there too, so that a run
    that is killed goes on with the part at work. Without a VERSION the experiment is measured every time.
    """
    recipe, experiment = _read(name)
    store = store or Store()
    if not hasattr(experiment, "VERSION"):
        began = time.perf_counter()
        results = experiment.run(recipe, progress=progress)
        if isinstance(results, Path):
            return results
        return write_evidence(Path(name).stem, recipe, results, time.perf_counter() - began)

    def measure(checkpoint: Path) -> dict[str, Any]:
        parts = {"store": store} if "store" in signature(experiment.run).parameters else {}
        results = experiment.run(recipe, progress=progress, **parts)
        return {"measurement": json.loads(json.dumps(measurement(recipe, results, store.seconds())))}

    stored = store.get(RECIPE_KIND, _settings(recipe, experiment), measure, version=experiment.VERSION)
    return write_measurement(Path(name).stem, stored["measurement"])


def measured_before(name: str, *, store: Store | None = None) -> dict[str, Any] | None:
    """When and where the store's result for a recipe was measured; None if it was not."""
    recipe, experiment = _read(name)
    if not hasattr(experiment, "VERSION"):
        return None
    return (store or Store()).about(RECIPE_KIND, _settings(recipe, experiment), version=experiment.VERSION)


def _settings(recipe: dict[str, Any], experiment: ModuleType) -> dict[str, Any]:
    """What the result of a recipe depends on."""
    return recipe | ({"inputs": experiment.inputs()} if hasattr(experiment, "inputs") else {})


def _read(name: str) -> tuple[dict[str, Any], ModuleType]:
    """A recipe and the module of its experiment."""
    recipe = read_recipe(name)
    try:
        return recipe, import_module(f"mia_kit.experiments.{recipe['experiment']}")
    except ModuleNotFoundError as problem:
        raise ValueError(f"the recipe {name!r} names an unknown experiment: {recipe['experiment']!r}") from problem
