"""Editions of the notebooks: for students, without solutions and quiz answers; for teachers, with both unfolded.

Both are made from the pairs in `notebooks/`. In the students' edition each exercise is two cells: the learner's, and
its check, which carries nbgrader's mark of a locked test worth a point. With MIA_KIT_GRADE=1 in its environment a
check that finds a wrong answer raises, which is what nbgrader counts.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from mia_kit.course.notebooks import NOTEBOOKS, Notebook, copy_beside, new_folder, sources

ANSWER = re.compile(r"<details><summary>Answer</summary>.*?</details>", re.DOTALL)
YOURS = "*Your answer:*"
# nbgrader's metadata of a test that the student cannot change
MARK = {"grade": True, "locked": True, "solution": False, "task": False, "cell_type": "code"}
MARK |= {"points": 1, "schema_version": 3}


def student(folder: Path) -> list[Path]:
    """Write the students' edition into a new folder; return the notebooks' paths."""
    return _write(folder, for_students)


def teacher(folder: Path) -> list[Path]:
    """The same for teachers, with the outputs of the committed run and the instructors' guide."""
    written = _write(folder, for_teachers)
    shutil.copy(NOTEBOOKS / "INSTRUCTORS.md", folder)
    return written


def for_students(notebook: Notebook, name: str) -> Notebook:
    """A copy without solutions, answers and outputs; `name` of the notebook is part of its exercises' ids."""
    from nbformat import from_dict
    from nbformat.v4 import new_code_cell

    edition = from_dict(notebook)
    edition.cells, exercises = [], 0
    for cell in from_dict(notebook).cells:
        tags = cell.metadata.get("tags", [])
        if "solution" in tags:
            continue
        edition.cells.append(cell)
        if cell.cell_type == "markdown":
            cell.source = ANSWER.sub(YOURS, cell.source)
            continue
        cell.outputs, cell.execution_count = [], None
        if "exercise" in tags:
            exercises += 1
            cell.source, check = split_exercise(cell.source)
            locked = new_code_cell(check, id=f"{cell.get('id', 'cell')}-check")
            locked.metadata = from_dict({"nbgrader": MARK | {"grade_id": f"{name}-{exercises}"}, "tags": ["check"]})
            edition.cells.append(locked)
    return edition


def for_teachers(notebook: Notebook, name: str) -> Notebook:
    """A copy whose solutions and answers are unfolded; `name` is not used."""
    from nbformat import from_dict

    edition = from_dict(notebook)
    for cell in edition.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace("<details><summary>Answer", "<details open><summary>Answer")
        elif "solution" in cell.metadata.get("tags", []):
            cell.metadata.pop("jupyter", None)  # which hides the source
    return edition


def split_exercise(source: str) -> tuple[str, str]:
    """The learner's part of an exercise cell, and its check: what begins with the first `exercises.check_`."""
    answer, mark, check = source.partition("exercises.check_")
    if not mark or not answer.strip():
        raise ValueError(f"expected an exercise that ends in exercises.check_..., got {source!r} instead")
    return answer.rstrip(), mark + check


def _write(folder: Path, edition: Callable[[Notebook, str], Notebook]) -> list[Path]:
    from nbformat import read, write

    paths = sources()
    new_folder(folder)
    written = [folder / f"{path.stem}.ipynb" for path in paths]
    for path, target in zip(paths, written, strict=True):
        write(edition(read(path.with_suffix(".ipynb"), as_version=4), path.stem), target)
    copy_beside(paths, folder)
    return written
