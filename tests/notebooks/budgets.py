"""Budgets of the notebooks: a cell over its seconds, or a notebook over its minutes or memory, turns red in nbval.

`pytest -p tests.notebooks.budgets --nbval notebooks`, which is what `make nbval` does. A cell has 20 seconds, or what
its tag says: `seconds-90`. A notebook has the minutes and the memory that its opening promises to the learner. They are
checked two at a time with one thread each, on machines of any speed: half as much again is allowed, and what counts is
the kernel's processor time where that is less than the clock's, so that busy neighbours turn nothing red.

A notebook's own budget is checked after its last cell, which is where it turns red.
"""

import re
import time
from collections import defaultdict
from pathlib import Path

import psutil
import pytest
import torch

SECONDS = 20
SLACK = 1.5

spent: defaultdict[Path, float] = defaultdict(float)


def cell_seconds(tags):
    """Seconds that a cell with these tags may take."""
    return next((int(tag.removeprefix("seconds-")) for tag in tags if re.fullmatch(r"seconds-\d+", tag)), SECONDS)


def promised(opening, *, cuda):
    """Seconds of the computer's and megabytes that a notebook's opening promises; None for what it does not say."""
    minutes = re.search(r"(\d+|seconds) of the computer's", opening)
    memory = re.search(r"\*\*Memory\*\* ([\d.]+) GB(?: \(([\d.]+) GB with CUDA builds)?", opening)
    seconds = None if minutes is None else 60 * (1 if minutes[1] == "seconds" else int(minutes[1]))
    return seconds, None if memory is None else 1000 * float(memory[2] if cuda and memory[2] else memory[1])


def peak_megabytes(process):
    """The most memory that a process has held, where the system tells (Linux)."""
    status = Path(f"/proc/{process}/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.is_file() else None
    return int(found[1]) / 1000 if found else None


def processor_seconds(process):
    """What a process and its children that have ended have cost."""
    return sum(psutil.Process(process).cpu_times()[:4])


def over(what, took, budget, unit, advice):
    """A sentence if the budget is exceeded."""
    if budget is None or took is None or took <= budget * SLACK:
        return ""
    return f"{what} took {took:.0f} {unit}, its budget is {budget:.0f} (and half as much again here): {advice}"


def complaints(item, seconds):
    """What is over its budget after this cell."""
    book = item.parent
    spent[item.path] += seconds
    yield over(
        f"cell {item.cell_num}",
        seconds,
        cell_seconds(item.cell.metadata.get("tags", [])),
        "s",
        "make it cheaper, or state more with a tag such as seconds-60",
    )
    if item.cell is not [cell for cell in book.nb.cells if cell.cell_type == "code"][-1]:
        return
    opening = next(cell.source for cell in book.nb.cells if cell.cell_type == "markdown")
    minutes, memory = promised(opening, cuda=torch.version.cuda is not None)
    peak = peak_megabytes(book.kernel.km.provisioner.pid)
    print(f"{item.path.name}: {spent[item.path]:.0f} s, {peak or 0:.0f} MB")
    yield over("the notebook", spent[item.path], minutes, "s", "make it quicker, or promise other minutes")
    yield over("the notebook", peak, memory, "MB", "make it smaller, or promise other memory")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    if type(item).__name__ != "IPyNbCell":
        return (yield)
    process = item.parent.kernel.km.provisioner.pid
    began, before = time.perf_counter(), processor_seconds(process)
    passed = yield
    seconds = min(time.perf_counter() - began, processor_seconds(process) - before)
    if words := [sentence for sentence in complaints(item, seconds) if sentence]:
        pytest.fail("\n".join(words), pytrace=False)
    return passed
