"""What a recipe will cost before it is started: a few steps of each kind are timed here, and multiplied.

An experiment that can be estimated has `bill(recipe)`. Times are those of this computer at this moment, with one
worker and nothing in the store; a busy computer makes them longer. On a CPU few images are taken at a time, so that a
recipe for a GPU fits, and time goes with their number; on a GPU as many as the recipe asks for, for its memory's sake.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median

import torch

from mia_kit.experiments.runner import read_experiment

# Each kind of step runs once to warm up, then at most so often, until so many seconds have passed.
TIMES, PATIENCE = 3, 5.0
GPU_MEMORY = "the memory of a GPU: there is none here"


@dataclass(frozen=True)
class Step:
    """One kind of work: `run` does it once, for so many images, the recipe `count` times; `seconds` for once, timed."""

    what: str
    count: float
    run: Callable[[], object]
    images: int = 1
    seconds: float = float("nan")

    @property
    def hours(self) -> float:
        """For all times together."""
        return self.count * self.seconds / 3600


@dataclass(frozen=True)
class Bill:
    """What an experiment says of a recipe.

    steps : the kinds of work
    device : where they run
    disk, memory : bytes that results take in the store, and that photographs take in main memory
    assumed, unknown : sentences on what was taken for granted, and on what cannot be estimated
    """

    steps: tuple[Step, ...]
    device: torch.device
    disk: float
    memory: float
    assumed: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Estimate:
    """A bill whose steps were timed; bytes of the process's main memory and of a GPU's at their peak, 0 if unknown."""

    bill: Bill
    peak: float
    gpu_peak: float

    @property
    def hours(self) -> float:
        """Everything, on one worker."""
        return sum(step.hours for step in self.bill.steps)

    def text(self) -> str:
        """A table, the sum, memory, disk, and what is not in it."""
        width = max(len(step.what) for step in self.bill.steps)
        lines = [f"{'':{width}}  {'images':>14}  {'at a time':>9}  {'seconds':>9}  {'hours':>9}"]
        for step in self.bill.steps:
            images = step.count * step.images
            row = f"{images:14,.0f}  {step.images:9}  {step.seconds:9.4f}  {step.hours:9.3f}"
            lines.append(f"{step.what:{width}}  {row}")
        lines.append(f"{'together':{width}}  {'':14}  {'':9}  {'':9}  {self.hours:9.3f}")
        main = self.peak + self.bill.memory
        lines.append(f"main memory: about {main / 1e9:.1f} GB, {self.bill.memory / 1e9:.1f} GB of it photographs")
        if self.gpu_peak:
            lines.append(f"GPU memory: {self.gpu_peak / 1e9:.1f} GB at the recipe's batch sizes")
        lines.append(f"disk: about {self.bill.disk / 1e9:.2f} GB in the store")
        lines += [f"assumed: {sentence}" for sentence in self.bill.assumed]
        unknown = self.bill.unknown + ((GPU_MEMORY,) if not self.gpu_peak else ())
        return "\n".join(lines + [f"could not be estimated: {sentence}" for sentence in unknown])


def estimate(name: str, *, device: str | None = None) -> Estimate:
    """Time the steps of a recipe and multiply; at most some seconds for each kind, if one step takes no longer.

    Raises ValueError if the recipe's experiment has no bill, and for settings that do not fit.
    """
    recipe, experiment = read_experiment(name, device)
    if not hasattr(experiment, "bill"):
        raise ValueError(f"the experiment {recipe['experiment']!r} cannot be estimated: it has no bill")
    bill: Bill = experiment.bill(recipe)
    on_gpu = bill.device.type == "cuda"
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    timed = tuple(replace(step, seconds=_seconds(step.run)) for step in bill.steps)
    gpu_peak = float(torch.cuda.max_memory_allocated()) if on_gpu else 0.0
    return Estimate(replace(bill, steps=timed), _peak(), gpu_peak)


def _seconds(run: Callable[[], object]) -> float:
    """Median seconds of a few runs after the first."""
    _once(run)
    taken = [_once(run)]
    while len(taken) < TIMES and sum(taken) < PATIENCE:
        taken.append(_once(run))
    return median(taken)


def _once(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began


def _peak() -> float:
    """The most bytes of main memory that this process has had; 0 where the system does not say."""
    if sys.platform == "win32":
        return 0.0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1.0 if sys.platform == "darwin" else 1024.0)
