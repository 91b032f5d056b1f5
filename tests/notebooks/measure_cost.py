"""What does a notebook cost a learner? `python -m tests.notebooks.measure_cost [notebooks/01_toy_inversion.py ...]`

Runs each notebook in a kernel of its own and prints its seconds, its slowest cells, and the most memory that the kernel
held. *Resident* counts the code of libraries, which all kernels on a computer share; *own* leaves it out.
"""

import argparse
import threading
import time
from pathlib import Path

import jupytext
import psutil
from nbclient import NotebookClient

from mia_kit.course.notebooks import sources


class Watch(threading.Thread):
    """Looks at the newest child process four times a second and keeps the most memory it has seen."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.resident = self.own = 0.0
        self.over = False

    def run(self) -> None:
        while not self.over:
            for child in psutil.Process().children(recursive=True):
                try:
                    memory = child.memory_info()
                except (psutil.NoSuchProcess, psutil.AccessDenied):
                    continue
                self.resident = max(self.resident, memory.rss / 1e6)
                self.own = max(self.own, (memory.rss - memory.shared) / 1e6)
            time.sleep(0.25)


def measure(source: Path) -> None:
    """Run one notebook and print what it took."""
    watch, began = Watch(), {}
    spent: dict[int, float] = {}

    def start(cell, cell_index):
        began[cell_index] = time.perf_counter()

    def stop(cell, cell_index, execute_reply=None):
        spent[cell_index] = time.perf_counter() - began[cell_index]

    client = NotebookClient(
        jupytext.read(source),
        timeout=600,
        resources={"metadata": {"path": str(source.parent)}},
        on_cell_execute=start,
        on_cell_executed=stop,
    )
    watch.start()
    started = time.perf_counter()
    client.execute()
    seconds = time.perf_counter() - started
    watch.over = True
    slowest = sorted(spent.items(), key=lambda item: -item[1])[:3]
    cells = ", ".join(f"{time_:.0f} s in cell {index}" for index, time_ in slowest)
    print(
        f"{source.name}: {seconds:.0f} s ({cells}); memory {watch.resident:.0f} MB resident, {watch.own:.0f} MB its own"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", type=Path, nargs="*")
    for source in sources(parser.parse_args().sources):
        measure(source)


if __name__ == "__main__":
    main()
