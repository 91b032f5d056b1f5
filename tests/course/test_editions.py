"""Editions: students get no solution and no answer, teachers both; graded checks raise."""

from pathlib import Path
from typing import Any

import nbformat
import pytest

from mia_kit import cli
from mia_kit.course.editions import split_exercise, student, teacher
from mia_kit.course.notebooks import sources


def source_of(notebook: nbformat.NotebookNode) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells)


@pytest.fixture(scope="module")
def editions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("editions")
    made = {"student": student(folder / "student"), "teacher": teacher(folder / "teacher")}
    made["committed"] = [path.with_suffix(".ipynb") for path in sources()]
    read = {name: [nbformat.read(path, as_version=4) for path in paths] for name, paths in made.items()}
    return read | {"folder": folder}


def test_students_get_everything_but_solutions_answers_and_outputs(editions):
    for committed, notebook in zip(editions["committed"], editions["student"], strict=True):
        nbformat.validate(notebook)
        solutions = [cell for cell in committed.cells if "solution" in cell.metadata.get("tags", [])]
        assert solutions and not any(cell.source in source_of(notebook) for cell in solutions)
        assert "<summary>Answer" in source_of(committed) and "<summary>Answer" not in source_of(notebook)
        assert source_of(notebook).count("<summary>Hint") == source_of(committed).count("<summary>Hint")
        assert not any(cell.get("outputs") for cell in notebook.cells)
        checks = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
        assert len(notebook.cells) == len(committed.cells) - len(solutions) + len(checks) and len(checks) >= 1
        assert len({cell.metadata.nbgrader.grade_id for cell in checks}) == len(checks)
        assert all(cell.source.startswith("exercises.check_") for cell in checks)


def test_teachers_see_solutions_and_answers(editions):
    for committed, notebook in zip(editions["committed"], editions["teacher"], strict=True):
        nbformat.validate(notebook)
        opened = source_of(notebook).count("<details open><summary>Answer")
        assert source_of(committed).count("<summary>Answer") == opened
        solutions = [cell for cell in notebook.cells if "solution" in cell.metadata.get("tags", [])]
        assert solutions and not any("jupyter" in cell.metadata for cell in solutions)
        assert [cell.get("outputs") for cell in notebook.cells] == [cell.get("outputs") for cell in committed.cells]


def test_graded_checks_raise(monkeypatch, capsys):
    from mia_kit.exercises import chapter00

    monkeypatch.setenv("MIA_KIT_GRADE", "1")
    with pytest.raises(AssertionError, match="Not yet: .*training points"):
        chapter00.check_attacker("the training points")
    chapter00.check_attacker("the network")
    assert capsys.readouterr().out == "Correct.\n"


def test_an_exercise_is_split_before_its_check():
    assert split_exercise("a = 1\n\nexercises.check_a(a)") == ("a = 1", "exercises.check_a(a)")
    with pytest.raises(ValueError, match=r"expected an exercise that ends in exercises\.check_"):
        split_exercise("a = 1")


def test_teachers_get_the_guide_students_do_not_and_nothing_is_overwritten(editions, tmp_path: Path, capsys):
    assert (editions["folder"] / "teacher" / "INSTRUCTORS.md").is_file()
    assert not list((editions["folder"] / "student").rglob("INSTRUCTORS.md"))
    (tmp_path / "mine.txt").touch()
    assert cli.main(["teacher", str(tmp_path)]) == 2
    assert "holds something already: name a new folder" in capsys.readouterr().err
