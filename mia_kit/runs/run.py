"""Runs: cells and all that they need are made here, by several local processes, or by the workers of a Dask scheduler.

There is no plan and no messenger. Every worker walks through the same list of parts, inputs first, and makes what is
neither kept nor at work elsewhere; the store's locks do the rest. So a worker that is killed costs time and nothing
else, two runs of one recipe share the work, and a run that is started again goes on where it was. Workers on several
hosts need a store on a shared disk that knows file locks.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from tqdm.auto import tqdm

from mia_kit.runs.parts import Part, with_inputs
from mia_kit.runs.store import Store

Result = TypeVar("Result")

# Results that stay in memory, and seconds between two looks at what another worker is making.
REMEMBERED, PAUSE = 12, 1.0
INSTALL = 'python -m pip install "distributed>=2024.1"'


class Maker:
    """Gives the results of parts: from memory, from the store, or made now with all that they need.

    With `wait` False it raises BlockingIOError for a part that another process is making.
    """

    def __init__(self, store: Store, *, progress: bool = True, wait: bool = True) -> None:
        self.store, self._progress, self._wait = store, progress, wait
        self._memory: OrderedDict[str, Any] = OrderedDict()

    def __call__(self, part: Part[Result]) -> Result:
        """The result of a part."""
        if part.key not in self._memory:
            self._memory[part.key] = part.unpack(self._values(part))
            while len(self._memory) > REMEMBERED:
                self._memory.popitem(last=False)
        self._memory.move_to_end(part.key)
        result: Result = self._memory[part.key]
        return result

    def has(self, part: Part[Any]) -> bool:
        """Whether the part is kept already."""
        return self.store.has(part.kind, part.settings(), version=part.version)

    def seconds(self, part: Part[Any]) -> float:
        """What a kept part took, its inputs apart; 0 if it is not kept."""
        about = self.store.about(part.kind, part.settings(), version=part.version)
        return float(about["own_seconds"]) if about else 0.0

    def _values(self, part: Part[Any]) -> dict[str, Any]:
        make = functools.partial(part.make, self, progress=self._progress)
        if not part.kept:
            return make(None)
        return self.store.get(part.kind, part.settings(), make, version=part.version, wait=self._wait)


def walk(parts: Sequence[Part[Any]], store: Store, *, progress: bool = True) -> None:
    """Make all parts and what they need, beside whoever else does so, and return when all are kept.

    What is asked for is made in the order of the list as far as inputs allow. An error of a part is raised as it is.
    """
    maker = Maker(store, progress=False, wait=False)
    waiting = [part for part in with_inputs(parts) if part.kept and not maker.has(part)]
    with tqdm(total=len(waiting), disable=not progress, desc="parts", unit="part") as bar:
        while waiting:
            made = _first_made(waiting, maker, bar)
            if not made:
                time.sleep(PAUSE)
            waiting = [part for part in waiting if not any(part is other for other in made)]
            bar.update(len(made))


def _first_made(waiting: Sequence[Part[Any]], maker: Maker, bar: tqdm[Any]) -> list[Part[Any]]:
    """Those that others have made by now, and the first that could be made here: then the list begins anew.

    Who went on down the list would begin the next seed while parts of this one have become possible.
    """
    made = []
    for part in waiting:
        if maker.has(part):
            made.append(part)
        elif all(maker.has(needed) for needed in with_inputs(part.inputs()) if needed.kept):
            bar.set_postfix_str(part.kind, refresh=True)
            with suppress(BlockingIOError):  # another worker is at it, or at an input
                maker(part)
                return [*made, part]
    return made


@contextmanager
def helped(
    parts: Sequence[Part[Any]], store: Store, *, workers: int = 1, scheduler: str | None = None
) -> Iterator[None]:
    """Inside the block, others walk through the parts as well: `workers` - 1 local processes, or a Dask scheduler's.

    Each takes one thread, so that they do not starve each other; on a computer with GPUs worker number i takes GPU i.
    Raises ImportError if Dask is asked for and absent, OSError if its scheduler does not answer.
    """
    if scheduler is not None:
        with _dask(parts, store.root.resolve(), scheduler):
            yield
        return
    process_of = multiprocessing.get_context("spawn").Process
    processes = [process_of(target=_work, args=(parts, store.root, i), daemon=True) for i in range(1, workers)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.terminate()


def _work(parts: Sequence[Part[Any]], root: Path, number: int) -> None:
    """What a worker does: walk, on one thread and one GPU."""
    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, which ends its workers
    _end_with_parent()
    torch.set_num_threads(1)
    if torch.cuda.is_available():
        torch.cuda.set_device(number % torch.cuda.device_count())
    walk(parts, Store(root), progress=False)


def _end_with_parent() -> None:
    """Notice when the parent is killed, which cannot end its workers then. Parts go on from their checkpoints."""
    if (parent := multiprocessing.parent_process()) is None:
        return

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


@contextmanager
def _dask(parts: Sequence[Part[Any]], root: Path, scheduler: str) -> Iterator[None]:
    try:
        from distributed import Client
    except ImportError as problem:
        raise ImportError(f"to spread a recipe over workers, Dask is needed: {INSTALL}") from problem
    root.mkdir(parents=True, exist_ok=True)
    with Client(scheduler) as client:
        addresses = list(client.scheduler_info(n_workers=-1)["workers"])
        futures = [
            client.submit(_work, parts, root, number, workers=[address], allow_other_workers=True, pure=False)
            for number, address in enumerate(addresses)
        ]
        try:
            yield
        finally:
            client.cancel(futures)
