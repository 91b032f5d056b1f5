"""What does a class need of a JupyterHub? `python -m tests.hub.measure_class --learners 20`

Starts a hub on this machine (binder/jupyterhub_config.py). Learners log in over HTTP, start their servers, run
chapter 1 to its end, close it and, in chapter 5, drag the faces and attack them live. One breaks the kernel first and
begins again; one saves work, goes, and comes back to it. Prints seconds and memory; the exit code is 1 if any learner
did not get through.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TypeVar

from mia_kit.course.classroom import Reading
from mia_kit.course.editions import student
from mia_kit.data.inventory import DCGAN
from tests.hub import hub
from tests.hub.learner import Kernel, Learner

CHAPTERS = ("01_toy_inversion.ipynb", "05_smoothing_and_low_data.ipynb")
Result = TypeVar("Result")
STATE = "factor=-0.20 loss=cross_entropy steps=50"
NOTE = "what I found: the faces stay strangers"


@dataclass(eq=False)
class Class:
    """Seconds of every learner by what they waited for, and the memory of all over time."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    readings: list[Reading] = field(default_factory=list)
    processor: float = 0.0
    troubles: list[str] = field(default_factory=list)

    def timed(self, what: str, work: Callable[[], Result]) -> Result:
        """Do the work, note how long it took, and return what it gave."""
        began = time.perf_counter()
        result = work()
        self.seconds.setdefault(what, []).append(time.perf_counter() - began)
        return result

    def text(self, learners: int) -> str:
        """The lines of the report."""
        lines = [
            f"{what:36} {len(took):3} of {learners}: {median(took):6.1f} s in the middle, {max(took):6.1f} s at most"
            for what, took in self.seconds.items()
        ]
        peak = max(self.readings, key=lambda reading: reading.proportional)
        held, each = peak.proportional / 1e9, peak.proportional / learners / 1e6
        lines.append(f"memory of all servers and kernels at its peak {held:.1f} GB: {each:.0f} MB a learner")
        lines.append(f"processor time of all of them         {self.processor / learners:.0f} s a learner")
        return "\n".join([*lines, *self.troubles])


def cells(handout: Path, chapter: str) -> list[str]:
    """The code of a chapter as students get it."""
    notebook = json.loads((handout / chapter).read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def attend(learner: Learner, lesson: Class, handout: Path, *, breaks: bool, returns: bool) -> None:
    """A learner's hour, from the start of the server."""
    lesson.timed("a server is ready after", learner.start_server)
    kernel = lesson.timed("a kernel's first answer after", lambda: answering(learner))
    if breaks:
        kernel.break_it()
        learner.close(kernel)
        kernel = answering(learner)
    first, fifth = (cells(handout, chapter) for chapter in CHAPTERS)
    lesson.timed("chapter 1 is at its end after", lambda: [kernel.run(cell) for cell in first])
    learner.close(kernel)
    faces = learner.kernel()
    lesson.timed("chapter 5's faces stand after", lambda: [faces.run(cell) for cell in fifth[:2]])
    lesson.timed("a drag of the factor is known after", lambda: faces.drag(STATE))
    lesson.timed("a live attack is at its end after", lambda: faces.attack(-0.2, "cross_entropy"))
    if returns:
        learner.write("mine.txt", NOTE)
        learner.stop_server()
        learner = Learner(learner.hub, learner.name)
        lesson.timed("who came back has a server after", learner.start_server)
        if learner.read("mine.txt") != NOTE:
            raise RuntimeError("who came back did not find their work")
        answering(learner)


def answering(learner: Learner) -> Kernel:
    """A new kernel that has answered."""
    kernel = learner.kernel()
    if kernel.run("print(1)") != "1\n":
        raise RuntimeError("a kernel answered with something else")
    return kernel


def hold(learners: int) -> Class:
    """A class of so many learners who all come at once."""
    lesson, over = Class(), threading.Event()

    def come(number: int) -> None:
        try:
            learner = lesson.timed("a learner is logged in after", lambda: Learner(address, f"learner{number}"))
            attend(learner, lesson, handout, breaks=number == 0, returns=number == learners - 1)
        except Exception as problem:  # one learner's trouble is not the others'
            lesson.troubles.append(f"learner {number}: {type(problem).__name__}: {problem}"[:500])

    def watch() -> None:
        while not over.wait(2):
            lesson.readings.append(hub.held_by(process))
            lesson.processor = max(lesson.processor, hub.processor_seconds(process))

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        handout, folder = Path(name, "handout"), Path(name, "class")
        student(handout)
        folder.mkdir()
        with hub.running(folder, handout) as (address, process), ThreadPoolExecutor(learners + 1) as pool:
            watching = pool.submit(watch)
            list(pool.map(come, range(learners)))
            over.set()
            watching.result()
    return lesson


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--learners", type=int, default=20)
    learners = parser.parse_args().learners
    if hub.missing():
        parser.error(hub.missing())
    if not DCGAN.find():
        parser.error(f"the faces of chapter 5 are missing: run  {DCGAN.command}")
    lesson = hold(learners)
    print(lesson.text(learners))
    return 1 if lesson.troubles else 0


if __name__ == "__main__":
    sys.exit(main())
