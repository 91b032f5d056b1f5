"""Notebooks are pairs: `NN_name.py` is the source, `NN_name.ipynb` the executed copy. This makes the copy.

The copy keeps its outputs and drops widget state (5 MB for each figure). With `renew_references` the execution writes
the figures' reference arrays instead of comparing to them, and says what changed.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from mia_kit.experiments.evidence import PACKAGE
from mia_kit.figures.reproduce import REFERENCES, difference

SECONDS_PER_CELL = 600
BESIDE = ("images",)  # folders beside the notebooks that their text shows


def sources(chosen: Sequence[Path] = ()) -> list[Path]:
    """The notebooks' sources: those chosen, or all in the checkout. FileNotFoundError names one that is not there."""
    found = list(chosen) or sorted((PACKAGE.parent / "notebooks").glob("[0-9][0-9]_*.py"))
    for path in found:
        if not path.is_file():
            raise FileNotFoundError(f"there is no notebook source at {path}")
    if not found:
        raise FileNotFoundError("there are no notebooks beside the package: run this in a checkout of the repository")
    return found


def new_folder(folder: Path) -> None:
    """Make a folder for what is generated. FileExistsError if it holds anything."""
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} holds something already: name a new folder, nothing is overwritten")
    folder.mkdir(parents=True, exist_ok=True)


def copy_beside(chosen: Sequence[Path], folder: Path) -> None:
    """Copy the folders beside the notebooks that their text shows."""
    for name in BESIDE:
        if (beside := chosen[0].parent / name).is_dir():
            shutil.copytree(beside, folder / name)


def execute(source: Path) -> float:
    """Execute one source, write its .ipynb beside it, and return the seconds that took."""
    import jupytext
    from nbclient import NotebookClient
    from nbformat import write

    notebook = jupytext.read(source)
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    started = time.perf_counter()
    client = NotebookClient(
        notebook,
        timeout=SECONDS_PER_CELL,
        kernel_name="python3",
        store_widget_state=False,
        resources={"metadata": {"path": str(source.parent)}},
    )
    client.execute()
    seconds = time.perf_counter() - started
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:03}"  # stable, so that a new execution is a small diff
        cell.metadata.pop("execution", None)
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    write(notebook, source.with_suffix(".ipynb"))
    return seconds


def execute_all(chosen: Sequence[Path] = ()) -> None:
    """Execute sources for commit, with the figures' static twins."""
    with _environment(MIA_KIT_STATIC="1"):
        for source in sources(chosen):
            print(f"{source.name}: {execute(source):.0f} s")


def renew_references(chosen: Sequence[Path] = ()) -> str:
    """Execute sources so that they write their references; return what changed, a line for each array."""
    before = _references()
    with _environment(MIA_KIT_REFERENCES="update", MIA_KIT_STATIC="1"):
        for source in sources(chosen):
            execute(source)
    after = _references()
    lines = []
    for key in sorted(before.keys() | after.keys()):
        if key not in before or key not in after:
            lines.append(f"{key}: {'new' if key in after else 'gone'}")
        elif change := difference(after[key], before[key]):
            lines.append(f"{key}: changed by {change:.3g}")
    return "\n".join(lines) or "no reference changed"


def _references() -> dict[str, np.ndarray]:
    return {
        f"figure {path.stem}, {name}": np.asarray(values, dtype=float)
        for path in REFERENCES.glob("*.json")
        for name, values in json.loads(path.read_text(encoding="utf-8")).items()
    }


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
