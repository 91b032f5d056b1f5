"""An experiment of two stages whose parts workers make; run in processes of their own, so nothing here needs pytest."""

import os
import signal
from pathlib import Path

from mia_kit.experiments.cluster import Task
from mia_kit.training.checkpoints import load_checkpoint, save_checkpoint

VERSION = 1
STEPS = 5


def plan(recipe):
    return [[task(recipe, "base")], [task(recipe, "part", number=number) for number in range(recipe["parts"])]]


def task(recipe, what, **chosen):
    return Task("toy_spread", what, {"recipe": recipe, **chosen})


def run(recipe, progress=True, *, store):
    return {"sums": [part(store, recipe, number) for number in range(recipe["parts"])], "claims": {}}


def base(store, recipe):
    return store.get("toy_base", {}, lambda checkpoint: {"log": note(recipe, "base"), "base": 100}, version=1)["base"]


def part(store, recipe, number):
    def make(checkpoint):
        saved = load_checkpoint(checkpoint, run=f"{number}") or {"step": 0, "sum": base(store, recipe)}
        note(recipe, f"part {number} from {saved['step']}")
        for step in range(saved["step"], STEPS):
            saved = {"step": step + 1, "sum": saved["sum"] + number * step}
            save_checkpoint(checkpoint, saved, run=f"{number}")
            if number == recipe.get("killed") and step == 2 and killing(recipe):
                os.kill(os.getpid(), signal.SIGKILL)
        if number == recipe.get("refused"):
            raise ValueError(f"part {number} must not be made")
        return {"sum": saved["sum"]}

    return store.get("toy_part", {"number": number}, make, version=1)["sum"]


def killing(recipe):
    """True once, or always for a recipe that kills for good."""
    mark = Path(recipe["folder"]) / "was_killed"
    if mark.exists():
        return recipe.get("for_good", False)
    mark.touch()
    return True


def note(recipe, line):
    with (Path(recipe["folder"]) / "log").open("a") as log:
        log.write(f"{line} in {os.getpid()}\n")
    return line
