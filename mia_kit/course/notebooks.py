"""Notebooks are pairs: `NN_name.py` is the source, `NN_name.ipynb` the executed copy. This makes the copy.

The copy keeps its outputs, but no widgets: their state is 5 MB for each figure.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mia_kit.data.folders import check_output
from mia_kit.terminal import printable, say

if TYPE_CHECKING:
    from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
SECONDS_PER_CELL = 600
WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
IMAGES = "images"  # the folder beside the notebooks that their text shows
GLOSSARY = "GLOSSARY.md"

Notebook = Any  # an nbformat.NotebookNode


def sources(paths: Sequence[Path] = ()) -> list[Path]:
    """The notebooks' sources: these, or all in the checkout. FileNotFoundError names one that is not there."""
    for path in paths:
        if not path.is_file():
            raise FileNotFoundError(f"there is no notebook source at {path}")
    paths = list(paths) or sorted(NOTEBOOKS.glob("[0-9][0-9]_*.py"))
    if not paths:
        raise FileNotFoundError("there are no notebooks beside the package: run this in a checkout of the repository")
    return paths


def new_folder(folder: Path) -> None:
    """Make a folder for what is generated. FileExistsError if it holds anything, OSError if it cannot be written."""
    if folder.is_dir() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} holds something already: name a new folder, nothing is overwritten")
    check_output(folder / "new")
    folder.mkdir(parents=True, exist_ok=True)


def copy_beside(paths: Sequence[Path], folder: Path) -> None:
    """Copy what lies beside the notebooks and is shown or linked in them: the images and the glossary."""
    if (glossary := paths[0].parent / GLOSSARY).is_file():
        shutil.copy(glossary, folder / GLOSSARY)
    if (images := paths[0].parent / IMAGES).is_dir():
        shutil.copytree(images, folder / IMAGES)


def execute_all(paths: Sequence[Path] = (), *, references: bool = False) -> None:
    """Execute sources for commit, with the figures' static twins, and say how long each took.

    With `references` the figures' reference arrays are written instead of compared to. OSError, before the first is
    executed, if one is absent or cannot be written; ValueError for a cell that stops.
    """
    from mia_kit.figures.reproduce import NO_TWINS, REFERENCES, draws_twins

    Path.home()  # Jupyter needs one: RuntimeError now, not in every kernel
    paths = sources(paths)
    for path in [source.with_suffix(".ipynb") for source in paths] + [REFERENCES / "new.json"] * references:
        check_output(path)
    if not draws_twins():
        say(NO_TWINS)
    variables = {"MIA_KIT_STATIC": "1", "MIA_KIT_REFERENCES": "update" if references else ""}
    for source in paths:
        say(f"{source.name}: {execute(source, variables):.0f} s")


def execute(source: Path, variables: Mapping[str, str]) -> float:
    """Execute one source, with more variables in its environment, write its .ipynb, and return the seconds it took."""
    import jupytext
    from nbformat import write

    notebook = jupytext.read(source)
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    started = time.perf_counter()
    together([run_cells(client(notebook, source.parent, seconds=SECONDS_PER_CELL), source.name, variables)])
    seconds = time.perf_counter() - started
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:03}"  # stable, so that a new execution is a small diff
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":  # a stored progress bar would stand at 0 % for ever
            cell.outputs = [output for output in cell.outputs if WIDGET_MIME not in output.get("data", {})]
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    write(notebook, source.with_suffix(".ipynb"))
    return seconds


def client(notebook: Notebook, folder: Path, *, seconds: int, **hooks: Any) -> NotebookClient:
    """What executes a notebook, in a folder, with so many seconds for each cell and for the start of its kernel."""
    from nbclient import NotebookClient

    return NotebookClient(
        notebook,
        timeout=seconds,
        startup_timeout=seconds,
        kernel_name="python3",
        store_widget_state=False,
        shutdown_kernel="immediate",  # one that is asked to end while it works complains on our terminal
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(folder)}},
        **hooks,
    )


async def run_cells(client: NotebookClient, name: str, variables: Mapping[str, str]) -> None:
    """Execute every cell in a kernel, which does not outlive this. ValueError names the cell that stops."""
    from jupyter_core.utils import ensure_async
    from nbclient.exceptions import CellExecutionError

    try:
        await client.async_execute(env=os.environ | variables)
    except (CellExecutionError, RuntimeError) as problem:  # the latter if the kernel dies or does not begin
        words = f"{problem.ename}: {problem.evalue}" if isinstance(problem, CellExecutionError) else problem
        where = f"{name} stopped in its code cell {client.code_cells_executed}"
        raise ValueError(f"{where} with {printable(words, 300)}") from problem
    finally:
        if client.km is not None:  # left by a start that was broken off
            await ensure_async(client.km.shutdown_kernel(now=True))


def together(tasks: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Run tasks beside each other to their end. Ctrl-C ends all of them, their kernels too: KeyboardInterrupt."""

    async def gather() -> None:
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    with asyncio.Runner(loop_factory=_Loop) as runner:
        runner.run(gather())


class _Loop(asyncio.SelectorEventLoop):
    """nbclient would take Ctrl-C for one kernel of many; where a loop has no signal handlers it leaves that."""

    def add_signal_handler(self, *_: Any) -> None:  # type: ignore[override]
        raise NotImplementedError
