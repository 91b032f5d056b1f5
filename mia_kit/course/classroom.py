"""`mia-kit classroom`: many learners at once on one host. Starts so many kernels, lets each run one notebook to its
end, and says how long they took and how much memory they held.

Memory is read from the kernel's books (`/proc/PID/smaps_rollup`, Linux): a page that several processes share counts in
equal parts for each, so that the sum over learners is what the host must have. Kernels begin together, as learners do
who are told "now". Each gets `OMP_NUM_THREADS`: threads that wait by spinning starve the other learners.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

SECONDS_BETWEEN_READINGS = 1.0
SECONDS_PER_CELL = 3600
BOOKS = Path("/proc/self/smaps_rollup")


@dataclass(frozen=True)
class Reading:
    """Memory of all kernels at one moment, in bytes: shared pages in equal parts, and counted in full for each."""

    proportional: int
    resident: int


@dataclass(eq=False)
class Lesson:
    """What a classroom took: seconds to a kernel that answers, seconds to its end, and readings over time."""

    kernels: int
    started: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The lines of the report."""
        lines = [f"kernels that ran to their end  {len(self.ended)} of {self.kernels}"]
        if self.started:
            lines.append(f"a kernel answers after         {_spread(self.started)}")
        if self.ended:
            lines.append(f"a notebook is at its end after {_spread(self.ended)}")
        if self.readings:
            most = max(self.readings, key=lambda one: one.proportional)
            each = most.proportional / self.kernels
            lines.append(
                f"memory of all at its peak      {_gigabytes(most.proportional)}, {each / 1e6:.0f} MB for each"
            )
            lines.append(f"without shared pages it were   {_gigabytes(most.resident)}")
        return "\n".join(lines + self.failures)


def hold(notebook: Path, kernels: int, *, threads: int = 1) -> Lesson:
    """Run one notebook in so many kernels at once.

    Raises
    ------
    ValueError
        If there is not at least one kernel or thread.
    FileNotFoundError
        If there is no such notebook.
    OSError
        Where memory cannot be read like this: everywhere but on Linux.
    """
    from nbformat import read

    if kernels < 1 or threads < 1:
        raise ValueError(f"kernels and threads must be at least 1, got {kernels} and {threads} instead")
    if not BOOKS.is_file():
        raise OSError(f"memory is read from {BOOKS.parent.parent}/PID/{BOOKS.name}, which only Linux has")
    if not notebook.is_file():
        raise FileNotFoundError(f"there is no notebook at {notebook}")
    book = read(notebook, as_version=4)
    return asyncio.run(_hold(book, notebook.parent, Lesson(kernels), threads))


async def _hold(book: Any, folder: Path, lesson: Lesson, threads: int) -> Lesson:
    pids: list[int] = []
    watch = asyncio.create_task(_watch(pids, lesson))
    await asyncio.gather(*(_learn(book, folder, lesson, pids, threads) for _ in range(lesson.kernels)))
    watch.cancel()
    return lesson


async def _learn(book: Any, folder: Path, lesson: Lesson, pids: list[int], threads: int) -> None:
    """One learner: a kernel, every cell, and the end. What goes wrong is a line of the report."""
    from nbclient import NotebookClient
    from nbformat import from_dict

    client = NotebookClient(
        from_dict(book),
        timeout=SECONDS_PER_CELL,
        startup_timeout=SECONDS_PER_CELL,
        kernel_name="python3",
        store_widget_state=False,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(folder)}},
    )
    began = time.perf_counter()
    try:
        async with client.async_setup_kernel(env=os.environ | {"OMP_NUM_THREADS": str(threads)}):
            pid: int = client.km.provisioner.pid  # type: ignore[union-attr]
            pids.append(pid)
            lesson.started.append(time.perf_counter() - began)
            for place, cell in enumerate(client.nb.cells):
                await client.async_execute_cell(cell, place)
            lesson.ended.append(time.perf_counter() - began)
            pids.remove(pid)
    except Exception as problem:  # one learner's trouble is not the others'
        lesson.failures.append(f"a kernel failed: {type(problem).__name__}: {str(problem).strip().splitlines()[-1]}")


async def _watch(pids: Sequence[int], lesson: Lesson) -> None:
    while True:
        found = [one for one in map(memory, list(pids)) if one]
        if found:
            sums = np.array([(one.proportional, one.resident) for one in found]).sum(axis=0)
            lesson.readings.append(Reading(int(sums[0]), int(sums[1])))
        await asyncio.sleep(SECONDS_BETWEEN_READINGS)


def memory(pid: int) -> Reading | None:
    """What a process holds now; None if it has gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return None
    kilobytes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines[1:]) if rest}
    return Reading(kilobytes["Pss"] * 1024, kilobytes["Rss"] * 1024)


def _spread(seconds: Sequence[float]) -> str:
    return f"{np.median(seconds):.0f} s in the middle, {max(seconds):.0f} s at the latest"


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
