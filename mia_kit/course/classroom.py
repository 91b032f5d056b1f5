"""`mia-kit classroom`: many learners at once on one host. Starts so many kernels, lets each run one notebook to its
end, and says how long they took and how much memory they held.

Memory is read from the kernel's books (`/proc/PID/smaps_rollup`, Linux): a page that several processes share counts in
equal parts for each, so that the sum over learners is what the host must have. Kernels begin together, as learners do
who are told "now". Each gets one thread: threads that wait by spinning starve the other learners.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from mia_kit import check
from mia_kit.course.notebooks import Notebook, client, run_cells, together

SECONDS_BETWEEN_READINGS = 1.0
SECONDS_PER_CELL = 3600


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
        for what, times in (("a kernel answers after", self.started), ("a notebook is at its end after", self.ended)):
            if times:
                lines.append(f"{what:30} {median(times):.0f} s in the middle, {max(times):.0f} s at the latest")
        if self.readings:
            peak = max(self.readings, key=lambda reading: reading.proportional)
            whole, each = peak.proportional / 1e9, peak.proportional / self.kernels / 1e6
            lines.append(f"memory of all at its peak      {whole:.1f} GB, {each:.0f} MB for each")
            lines.append(f"without shared pages it were   {peak.resident / 1e9:.1f} GB")
        return "\n".join(lines + self.failures)


def hold(notebook: Path, kernels: int) -> Lesson:
    """Run one notebook in so many kernels at once. ValueError if it is none; OSError everywhere but on Linux."""
    import nbformat

    Path.home()  # Jupyter needs one: RuntimeError now, not in every kernel
    lesson = Lesson(check.count("kernels", kernels))
    if memory("self") is None:
        raise OSError("memory is read from /proc/PID/smaps_rollup, which only Linux has")
    if not notebook.is_file():
        raise FileNotFoundError(f"there is no notebook at {notebook}")
    try:
        content = nbformat.read(notebook, as_version=4)
    except (nbformat.reader.NotJSONError, ValueError) as problem:
        raise ValueError(f"{notebook} is not a notebook: give an .ipynb file") from problem
    pids: list[int] = []
    learners = [_learn(content, notebook.parent, lesson, pids) for _ in range(kernels)]
    together([_watch(pids, lesson), *learners])
    return lesson


async def _learn(notebook: Notebook, folder: Path, lesson: Lesson, pids: list[int]) -> None:
    """One learner: a kernel, every cell, and the end. What goes wrong is a line of the report."""
    from nbformat import from_dict

    began = time.perf_counter()

    def note_start(**_: object) -> None:
        lesson.started.append(time.perf_counter() - began)
        pids.append(executor.km.provisioner.pid)  # type: ignore[union-attr]

    executor = client(from_dict(notebook), folder, seconds=SECONDS_PER_CELL, on_notebook_start=note_start)
    try:
        await run_cells(executor, "a kernel", {"OMP_NUM_THREADS": "1"})
        lesson.ended.append(time.perf_counter() - began)
    except Exception as problem:  # one learner's trouble is not the others'
        lesson.failures.append(f"{problem}")


async def _watch(pids: Sequence[int], lesson: Lesson) -> None:
    """Read the memory of all kernels again and again, until every learner has come to an end."""
    while len(lesson.ended) + len(lesson.failures) < lesson.kernels:
        readings = [reading for reading in map(memory, list(pids)) if reading]
        if readings:
            proportional = sum(reading.proportional for reading in readings)
            lesson.readings.append(Reading(proportional, sum(reading.resident for reading in readings)))
        await asyncio.sleep(SECONDS_BETWEEN_READINGS)


def memory(pid: int | str) -> Reading | None:
    """What a process holds now; None if it has gone, or the system does not say."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return None
    kilobytes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines[1:]) if rest}
    return Reading(kilobytes["Pss"] * 1024, kilobytes["Rss"] * 1024)
