"""Editions of the notebooks: for students, without solutions and quiz answers; for teachers, with both unfolded.

Both are made from the pairs in `notebooks/`. In the students' edition each exercise is two cells: the learner's, and
its check, which carries nbgrader's mark of a locked test worth a point. With MIA_KIT_GRADE=1 in its environment a
check that finds a wrong answer raises, which is what nbgrader counts.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mia_kit.course.notebooks import copy_beside, new_folder, sources

ANSWER = re.compile(r"<details><summary>Answer</summary>.*?</details>", re.DOTALL)
YOURS = "*Your answer:*"
GUIDE = "INSTRUCTORS.md"

Notebook = Any  # an nbformat.NotebookNode


def student(folder: Path, chosen: Sequence[Path] = ()) -> list[Path]:
    """Write the students' edition into a new folder and return the notebooks' paths.

    `chosen` are sources, all by default. Raises FileExistsError if the folder holds anything.
    """
    return _write(folder, chosen, for_students)


def teacher(folder: Path, chosen: Sequence[Path] = ()) -> list[Path]:
    """The same for teachers, with the outputs of the committed run and the instructors' guide."""
    written = _write(folder, chosen, for_teachers)
    guide = sources(chosen)[0].parent / GUIDE
    if guide.is_file():
        shutil.copy(guide, folder)
    return written


def for_students(notebook: Notebook, name: str) -> Notebook:
    """A copy without solutions, answers and outputs; `name` of the notebook is part of its exercises' ids."""
    from nbformat import from_dict
    from nbformat.v4 import new_code_cell

    made = from_dict(notebook)
    made.cells = []
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if "solution" in tags:
            continue
        own = from_dict(cell)
        made.cells.append(own)
        if cell.cell_type == "markdown":
            own.source = ANSWER.sub(YOURS, cell.source)
            continue
        own.outputs, own.execution_count = [], None
        if "exercise" in tags:
            own.source, check = split_exercise(cell.source)
            identity = f"{name}-{sum('nbgrader' in one.metadata for one in made.cells) + 1}"
            locked = new_code_cell(check, id=f"{cell.get('id', 'cell')}-check")
            locked.metadata = from_dict({"nbgrader": _mark(identity), "tags": ["check"]})
            made.cells.append(locked)
    return made


def for_teachers(notebook: Notebook, name: str) -> Notebook:
    """A copy whose solutions and answers are unfolded; `name` is not used."""
    from nbformat import from_dict

    made = from_dict(notebook)
    for cell in made.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace("<details><summary>Answer", "<details open><summary>Answer")
        elif "solution" in cell.metadata.get("tags", []):
            cell.metadata.pop("jupyter", None)  # which hides the source
    return made


def split_exercise(source: str) -> tuple[str, str]:
    """The learner's part of an exercise cell, and its check: what begins with the first `exercises.check_`."""
    answer, found, check = source.partition("exercises.check_")
    if not found or not answer.strip():
        raise ValueError(f"expected an exercise that ends in exercises.check_..., got {source!r} instead")
    return answer.rstrip(), found + check


def _write(folder: Path, chosen: Sequence[Path], edition: Callable[[Notebook, str], Notebook]) -> list[Path]:
    from nbformat import read, write

    new_folder(folder)
    written = []
    for source in sources(chosen):
        path = folder / f"{source.stem}.ipynb"
        write(edition(read(source.with_suffix(".ipynb"), as_version=4), source.stem), path)
        written.append(path)
    copy_beside(sources(chosen), folder)
    return written


def _mark(identity: str) -> dict[str, Any]:
    """nbgrader's metadata, schema 3, of a test that the student cannot change."""
    return {
        "grade": True,
        "grade_id": identity,
        "locked": True,
        "points": 1,
        "schema_version": 3,
        "solution": False,
        "task": False,
        "cell_type": "code",
    }
