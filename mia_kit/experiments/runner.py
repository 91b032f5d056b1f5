"""Recipes: YAML files that name an experiment and its settings. `run` measures one and leaves its evidence."""

from __future__ import annotations

import time
from importlib import import_module, resources
from pathlib import Path
from typing import Any

import yaml

from mia_kit.experiments.evidence import write_evidence

RECIPES = resources.files("mia_kit.experiments") / "recipes"


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


def run(name: str, progress: bool = True) -> Path:
    """Measure a recipe and return the path of what it wrote: evidence, or the table of toy models."""
    recipe = read_recipe(name)
    try:
        experiment = import_module(f"mia_kit.experiments.{recipe['experiment']}")
    except ModuleNotFoundError as problem:
        raise ValueError(f"the recipe {name!r} names an unknown experiment: {recipe['experiment']!r}") from problem
    started = time.perf_counter()
    results = experiment.run(recipe, progress=progress)
    if isinstance(results, Path):
        return results
    return write_evidence(Path(name).stem, recipe, results, time.perf_counter() - started)
