"""Recipes: YAML files that name an experiment and its settings. `run` measures one and leaves its evidence."""

from __future__ import annotations

import json
import time
from importlib import import_module, resources
from inspect import signature
from pathlib import Path
from types import ModuleType
from typing import Any

from mia_kit.check import did_you_mean
from mia_kit.data.folders import check_output, write_whole
from mia_kit.runs.circumstances import circumstances
from mia_kit.runs.evidence import evidence_folder, folder_for
from mia_kit.runs.recipe import read_yaml
from mia_kit.runs.store import Store

RECIPES = resources.files("mia_kit.experiments") / "recipes"
RECIPE_KIND = "recipe"  # of whole recipes in the store


def recipe_names() -> list[str]:
    """The recipes that ship with the package."""
    return sorted(Path(entry.name).stem for entry in RECIPES.iterdir() if entry.name.endswith(".yaml"))


def read_recipe(name: str) -> dict[str, Any]:
    """A recipe by its name in the package or by the path of a YAML file. ValueError if it is no recipe."""
    path = Path(name)
    if name in recipe_names():
        with resources.as_file(RECIPES / f"{name}.yaml") as shipped:
            return read_yaml(shipped)
    if not path.is_file():
        raise ValueError(f"there is no recipe {name!r}; give a YAML file or one of: {', '.join(recipe_names())}")
    recipe = read_yaml(path)
    if not isinstance(recipe.get("experiment"), str):
        raise ValueError(f"the recipe {name!r} must name its experiment, as in `experiment: attack_zoo`")
    models = [read_recipe(other) for other in recipe_names()]
    if models := [model for model in models if model["experiment"] == recipe["experiment"]]:
        _check_like(recipe, models, path.name)
    return recipe


def _check_like(section: dict[str, Any], models: list[dict[str, Any]], where: str) -> None:
    """ValueError unless keys and kinds of values are those of the recipes that ship for the same experiment."""
    known = {key: [model[key] for model in models if key in model] for model in models for key in model}
    for key, value in section.items():
        if key not in known:
            raise ValueError(
                f"{where}: there is no key {key!r}; there are {', '.join(known)}{did_you_mean(key, known)}"
            )
        examples = known[key]
        sections = [example for example in examples if isinstance(example, dict)]
        if isinstance(value, dict) and sections:
            _check_like(value, sections, f"{where}: {key}")
        elif not any(_alike(value, example) for example in examples):
            raise ValueError(f"{where}: {key} must be like {examples[0]!r}, got {value!r} instead")


def _alike(value: Any, example: Any) -> bool:
    """Whether two values are of one kind; a number may be whole or not, and is not negative where none is."""
    if isinstance(value, bool) or isinstance(example, bool) or example is None or value is None:
        return type(value) is type(example)
    if isinstance(example, int | float):
        whole = isinstance(example, float) or isinstance(value, int)
        return isinstance(value, int | float) and whole and (value >= 0 or example < 0) and (value > 0 or example <= 0)
    return isinstance(value, type(example))


def run(name: str, progress: bool = True, *, store: Store | None = None) -> Path:
    """Measure a recipe and return the path of its evidence.

    What an experiment with a `VERSION` has measured before, for the same recipe, is taken from the store and written as
    it was, date and seconds included. One whose `run` has the keyword `store` keeps its parts there too, so that a run
    that is killed goes on with the part at work. Without a VERSION the experiment is measured every time.
    """
    recipe, experiment = read_experiment(name)
    store = store or Store()
    if not hasattr(experiment, "VERSION"):
        began = time.perf_counter()
        results = experiment.run(recipe, progress=progress)
        return write_measurement(name, measurement(recipe, results, time.perf_counter() - began))

    def measure(checkpoint: Path) -> dict[str, Any]:
        parts = {"store": store} if "store" in signature(experiment.run).parameters else {}
        results = experiment.run(recipe, progress=progress, **parts)
        return {"measurement": json.loads(json.dumps(measurement(recipe, results, store.seconds())))}

    stored = store.get(RECIPE_KIND, _settings(recipe, experiment), measure, version=experiment.VERSION)
    return write_measurement(name, stored["measurement"])


def check_place(name: str) -> None:
    """Whether evidence of this name can be written: asked before it is measured. OSError says which variable to set."""
    check_output(evidence_folder() / f"{name}.json", "set MIA_KIT_EVIDENCE to a folder of your own.")


def measurement(recipe: dict[str, Any], results: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Results with their recipe and the circumstances: all of an evidence file but its name."""
    return {"recipe": recipe, **circumstances(seconds), "results": results}


def write_measurement(name: str, measured: dict[str, Any]) -> Path:
    """Write one evidence file whole or not at all, and return its path; `name` is that of the recipe or its path."""
    stem = Path(name).stem
    path = _folder(name) / f"{stem}.json"
    record = {"name": stem, "command": f"mia-kit run {stem}", **measured}
    write_whole(path, (json.dumps(record, indent=1) + "\n").encode())
    return path


def _folder(name: str) -> Path:
    """Where evidence of a recipe lies: a user's own never among the course's, whatever its name."""
    stem = Path(name).stem
    return folder_for(read_recipe(name), read_recipe(stem) if stem in recipe_names() else None)


def spread(name: str, address: str, *, store: Store | None = None, progress: bool = True) -> None:
    """Let the workers of the Dask scheduler at `address` make the parts of a recipe, which `run` then finds.

    Raises ValueError if the experiment has no plan for that, and as `mia_kit.experiments.cluster.spread`.
    """
    from mia_kit.experiments.cluster import spread

    recipe, experiment = read_experiment(name)
    if not hasattr(experiment, "plan"):
        raise ValueError(f"the experiment {recipe['experiment']!r} cannot be spread over workers: run it without them")
    spread(experiment.plan(recipe), address, store or Store(), progress=progress)


def measured_before(name: str, *, store: Store | None = None) -> dict[str, Any] | None:
    """When and where the store's result for a recipe was measured; None if it was not."""
    recipe, experiment = read_experiment(name)
    if not hasattr(experiment, "VERSION"):
        return None
    return (store or Store()).about(RECIPE_KIND, _settings(recipe, experiment), version=experiment.VERSION)


def _settings(recipe: dict[str, Any], experiment: ModuleType) -> dict[str, Any]:
    """What the result of a recipe depends on."""
    if not hasattr(experiment, "inputs"):
        return recipe
    own = (recipe,) if signature(experiment.inputs).parameters else ()
    return recipe | {"inputs": experiment.inputs(*own)}


def read_experiment(name: str) -> tuple[dict[str, Any], ModuleType]:
    """A recipe and the module of its experiment. Raises ValueError as `read_recipe`, and for an unknown experiment."""
    recipe = read_recipe(name)
    try:
        return recipe, import_module(f"mia_kit.experiments.{recipe['experiment']}")
    except ModuleNotFoundError as problem:
        raise ValueError(f"the recipe {name!r} names an unknown experiment: {recipe['experiment']!r}") from problem
