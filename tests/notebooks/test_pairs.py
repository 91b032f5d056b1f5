"""Each notebook: the executed copy holds the source, its outputs are whole, and it says what a learner must know."""

import re
from pathlib import Path

import jupytext
import nbformat
import pytest

from mia_kit.course.notebooks import WIDGET_MIME

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
SOURCES = sorted(FOLDER.glob("[0-9][0-9]_*.py"))


@pytest.fixture(params=SOURCES, ids=lambda path: path.stem)
def source(request):
    return request.param


@pytest.fixture
def copy(source):
    return nbformat.read(source.with_suffix(".ipynb"), as_version=4)


def test_copy_holds_the_source(source, copy):
    written, executed = (
        [(cell.cell_type, cell.source, cell.metadata.get("tags")) for cell in book.cells]
        for book in (jupytext.read(source), copy)
    )
    assert written == executed, "execute it again: mia-kit notebooks"


def test_copy_is_executed_without_error_or_widget_state(copy):
    nbformat.validate(copy)
    assert "widgets" not in copy.metadata
    for cell in copy.cells:
        if cell.cell_type == "code":
            assert cell.execution_count is not None
            assert not [output for output in cell.outputs if output.output_type == "error"]
            assert not [output for output in cell.outputs if WIDGET_MIME in output.get("data", {})]
            assert len(cell.source.splitlines()) <= 25


def test_every_figure_is_pinned_and_has_a_twin_with_words(copy):
    text = "\n".join(cell.source for cell in copy.cells)
    shown, checked = (set(re.findall(rf'^{verb}\("([\d.]+)"', text, re.M)) for verb in ("show", "check"))
    assert shown and shown == checked
    outputs = [output for cell in copy.cells for output in cell.get("outputs", [])]
    twins = [output for output in outputs if "application/vnd.plotly.v1+json" in output.get("data", {})]
    assert len(twins) == len(shown)
    for twin in twins:
        assert len(twin.data["image/png"]) > 10_000
        assert len(twin.metadata["image/png"]["alt"]) > 60


def test_cells_that_draw_are_not_compared_and_checks_are(copy):
    for cell in copy.cells:
        ignored = "nbval-ignore-output" in cell.metadata.get("tags", [])
        if re.search(r"^show\(", cell.source, re.M):
            assert ignored
        if re.search(r"^check\(", cell.source, re.M):
            assert not ignored and "reproduced" in cell.outputs[0].text


def test_opening_and_closing(copy):
    text = "\n".join(cell.source for cell in copy.cells if cell.cell_type == "markdown")
    for words in ("You will be able to", "You need", "Time", "Memory", "GPU", "## Quiz", "Three sentences to remember"):
        assert words in text, f"the notebook lacks: {words}"
    assert "<summary>Answer</summary>" in text


def test_exercises_have_minutes_difficulty_check_and_solution(copy):
    tags = [tag for cell in copy.cells for tag in cell.metadata.get("tags", []) if tag in ("exercise", "solution")]
    assert tags and tags == ["exercise", "solution"] * (len(tags) // 2)
    headings = re.findall(r"^### Exercise.*", "\n".join(cell.source for cell in copy.cells), re.M)
    assert len(headings) == len(tags) // 2
    assert all(re.search(r"\(\d+ minutes, (easy|medium|hard)\)", heading) for heading in headings)
    for cell in copy.cells:
        for tag, words in (("exercise", "Not yet:"), ("solution", "Correct.")):
            if tag in cell.metadata.get("tags", []):
                assert cell.outputs[0].text.startswith(words)
