"""Many workers for one recipe, through Dask: processes of this computer, several hosts, or jobs of a batch system.

An experiment that can be spread has `plan(recipe)`: stages, each a list of tasks that need nothing of one another. A
task asks the store for one part, so that a worker makes it and leaves it there, under the name by which the ordinary
`run` then finds it. Nothing is sent but names and settings; all workers see the same store, on a shared disk that knows
file locks. A worker that is killed costs time and nothing else: Dask gives its task to another one, which goes on from
the part's checkpoint.

On a SLURM cluster, with dask-jobqueue installed, keep this running on the login node while the recipe runs:

    from dask_jobqueue import SLURMCluster

    cluster = SLURMCluster(cores=1, processes=1, memory="64GB", walltime="24:00:00",
                           job_extra_directives=["--gres=gpu:1"], scheduler_options={"port": 8786})
    cluster.scale(8)
    input(cluster.scheduler_address)   # mia-kit run side_effects --scheduler ADDRESS
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm.auto import tqdm

from mia_kit.runs.store import Store

if TYPE_CHECKING:
    from distributed import Client

INSTALL = 'python -m pip install "distributed>=2024.1"'


@dataclass(frozen=True)
class Task:
    """A part that a worker makes: `function` of `module`, called as function(store, **arguments); plain arguments."""

    module: str
    function: str
    arguments: dict[str, Any] = field(default_factory=dict)

    def make(self, store: Store) -> None:
        """Make the part, unless the store has it."""
        getattr(import_module(self.module), self.function)(store, **self.arguments)


Plan = Sequence[Sequence[Task]]  # stages, one after the other, each of tasks in any order


@contextmanager
def workers(count: int) -> Iterator[str]:
    """`count` workers of this computer, a process with one thread each; yields the address for `spread`.

    On a computer with GPUs worker number i takes GPU i, and begins again at 0 where there are fewer.

    Raises ImportError if Dask is absent, ValueError if the count is below 1.
    """
    if count < 1:
        raise ValueError(f"there must be at least 1 worker, got {count} instead")
    _distributed()
    from distributed import LocalCluster

    with LocalCluster(n_workers=count, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        yield str(cluster.scheduler_address)


def spread(plan: Plan, address: str, store: Store, *, progress: bool = True) -> None:
    """Let the workers of a Dask scheduler at `address` make all parts of a plan, stage by stage, into the store.

    Raises
    ------
    ImportError
        If Dask is absent.
    OSError
        If the scheduler does not answer, a worker does not see the store, or a part was lost with several workers.
    Exception
        What a task raises, as it raised it; the tasks that wait are given up.
    """
    distributed = _distributed()
    root = store.root.resolve()
    root.mkdir(parents=True, exist_ok=True)
    with distributed.Client(address) as client, tempfile.NamedTemporaryFile(dir=root, prefix="shared-") as mark:
        bar = tqdm(total=sum(map(len, plan)), disable=not progress, desc="parts", unit="part")
        for stage in plan:
            _one_stage(client, stage, Path(mark.name), bar)
        bar.close()


def _one_stage(client: Client, stage: Sequence[Task], mark: Path, bar: tqdm) -> None:
    from distributed import KilledWorker, as_completed

    futures = [client.submit(_work, task, mark, pure=False) for task in stage]
    try:
        for future in as_completed(futures):
            future.result()
            bar.update()
    except KilledWorker as problem:
        raise OSError(
            "a part was lost with several workers, one after the other, probably for want of memory: see their logs, "
            "give them more or start fewer, and run this again; what is finished is kept"
        ) from problem
    finally:
        client.cancel(futures)


def _work(task: Task, mark: Path) -> None:
    """What a worker does. `mark` is a file in the store of whoever asks."""
    if not mark.is_file():
        raise OSError(
            f"a worker does not see the store {mark.parent}: it must lie on a disk that all workers share; set "
            "XDG_CACHE_HOME to such a folder, for the workers too"
        )
    _choose_gpu()
    task.make(Store(mark.parent))


def _choose_gpu() -> None:
    """The GPU of this worker's number. Workers that a batch system started have no number, and see theirs alone."""
    import torch
    from distributed import get_worker

    if torch.cuda.is_available() and isinstance(name := get_worker().name, int):
        torch.cuda.set_device(name % torch.cuda.device_count())


def _distributed() -> Any:
    """Dask's package. ImportError says how to install it."""
    try:
        import distributed
    except ImportError as problem:
        raise ImportError(f"to spread a recipe over workers, Dask is needed: {INSTALL}") from problem
    return distributed
