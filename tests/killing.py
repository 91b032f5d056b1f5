"""Run a function in a process of its own that is killed, at random moments and started again, or when a block ends.

Never forked from the tests themselves: a killed child would take the locks that it holds with it, tqdm's for one.
"""

import multiprocessing
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mia_kit.training.checkpoints import load_checkpoint

KILLS = 10
# Forked from a server that has imported what is slow, where there is fork: a start takes a tenth of a second.
PRELOAD = [
    "pytest",
    "torch._dynamo",
    "mia_kit.training.wasserstein",
    "mia_kit.audit.session",
]  # Adam's first step imports the second
METHOD = "spawn" if os.name == "nt" else "forkserver"


def finish_despite_kills(
    target: Callable[..., None],
    *arguments: object,
    seed: int,
    longest: float,
    progress: Callable[[], int] | None = None,
    kills: int = KILLS,
) -> int:
    """Kill `target` ten times or `kills`, each after a random delay below `longest` seconds, then let it finish.

    `target` is a function of a module, and `arguments` are plain values. The delay begins when `progress`, a count of
    what was begun so far, has grown, however long the imports take; at once by default. Returns how often it was still
    at work when it was killed.
    """
    context, chance, hits = _context(), random.Random(seed), 0
    for _ in range(kills):
        before = progress() if progress else 0
        process = _start(context, target, arguments)
        while progress and progress() == before and process.is_alive():
            time.sleep(0.005)
        process.join(chance.uniform(0, longest))
        hits += process.is_alive()
        process.kill()
        process.join()
    process = _start(context, target, arguments)
    process.join()
    assert process.exitcode == 0
    return hits


def alone_and_killed(train: Callable[[Path], None], folder: Path, *, seed: int) -> tuple[dict, dict]:
    """What `train` leaves in `end.pt` of its folder: undisturbed, and killed ten times (in `folder / "killed"`)."""
    began = time.perf_counter()
    for name in ("alone", "killed"):
        (folder / name).mkdir()
    train(folder / "alone")
    longest = (time.perf_counter() - began) / KILLS
    hits = finish_despite_kills(train, folder / "killed", seed=seed, longest=longest)
    assert hits >= 8, "the runs ended before they could be killed"
    alone, killed = (load_checkpoint(folder / name / "end.pt", run="end") for name in ("alone", "killed"))
    return alone, killed


@contextmanager
def at_work(target: Callable[..., object], *arguments: object) -> Iterator[None]:
    """A process that runs `target` and is killed when the block ends; arguments as for `finish_despite_kills`."""
    process = _start(_context(), target, arguments)
    try:
        yield
    finally:
        process.kill()
        process.join()


def _context():
    context = multiprocessing.get_context(METHOD)
    if METHOD == "forkserver":
        context.set_forkserver_preload(PRELOAD)
    return context


def _start(context, target, arguments):
    """A process that has begun with the function itself."""
    begun = context.Event()
    process = context.Process(target=_run, args=(begun, target, arguments), daemon=True)
    process.start()
    assert begun.wait(60), "the process did not start"
    return process


def _run(begun, target, arguments):
    begun.set()
    target(*arguments)
