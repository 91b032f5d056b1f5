"""A classroom of two: both run to their end, memory is read, and a failing notebook is told."""

import sys

import pytest
from nbformat import write
from nbformat.v4 import new_code_cell, new_notebook

from mia_kit.cli import main
from mia_kit.course import classroom

needs_books = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
MEGABYTES = 150


def notebook(path, *cells):
    write(new_notebook(cells=[new_code_cell(cell) for cell in cells]), path)
    return path


@needs_books
def test_two_learners_hold_what_they_fill(tmp_path):
    filled = f"import os, time; held = os.urandom({MEGABYTES} * 10**6); time.sleep(3)"
    lesson = classroom.hold(notebook(tmp_path / "a.ipynb", filled, "assert os.environ['OMP_NUM_THREADS'] == '1'"), 2)
    assert len(lesson.started) == len(lesson.ended) == 2 and not lesson.failures
    assert all(end > begin + 3 for begin, end in zip(sorted(lesson.started), sorted(lesson.ended), strict=True))
    most = max(reading.proportional for reading in lesson.readings)
    assert 2 * MEGABYTES * 1e6 < most < 2 * (MEGABYTES + 200) * 1e6
    assert all(reading.proportional <= reading.resident for reading in lesson.readings)
    assert "2 of 2" in lesson.text() and "memory of all at its peak" in lesson.text()


@needs_books
def test_a_failure_is_a_line_and_an_exit_code(tmp_path, capsys):
    path = notebook(tmp_path / "a.ipynb", "raise RuntimeError('no chalk')")
    assert main(["classroom", str(path), "--kernels", "1"]) == 1
    said = capsys.readouterr().out
    assert "0 of 1" in said and "no chalk" in said


def test_wrong_numbers_and_files(tmp_path):
    with pytest.raises(ValueError, match="kernels must be at least 1, got 0"):
        classroom.hold(tmp_path / "a.ipynb", 0)
    if sys.platform == "linux":
        with pytest.raises(FileNotFoundError, match="there is no notebook at"):
            classroom.hold(tmp_path / "a.ipynb", 1)
        assert classroom.memory(2**30) is None
