"""Badges and first cells: there with an address, gone without one, and the cell really fetches and installs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest

from mia_kit.course import elsewhere

ROOT = Path(__file__).parents[2]
GITHUB = "https://github.com/somebody/leaks"


@pytest.fixture
def notebooks(tmp_path: Path) -> Path:
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for path in (*(ROOT / "notebooks").glob("0[01]_*.py"), *(ROOT / "notebooks").glob("0[01]_*.ipynb")):
        shutil.copy(path, folder)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_course_stands_as_its_address_says() -> None:
    address = elsewhere.read_address(ROOT)
    for source in (ROOT / "notebooks").glob("[0-9][0-9]_*.py"):
        text = source.read_text(encoding="utf-8")
        assert text == elsewhere.with_cells(text, address, source.stem), "renew it with: make claims"
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    between = page.split("<!-- badges:begin -->")[1].split("<!-- badges:end -->")[0].strip()
    assert between == elsewhere.badges(address, elsewhere.START)


def test_an_address_gives_cells_and_an_empty_one_takes_them_away(notebooks: Path) -> None:
    before = contents(notebooks)
    elsewhere.update_notebooks(notebooks, "")
    assert contents(notebooks) == before
    elsewhere.update_notebooks(notebooks, GITHUB)
    filled = contents(notebooks)
    elsewhere.update_notebooks(notebooks, GITHUB)
    assert contents(notebooks) == filled and all(filled[name] != before[name] for name in before)
    for source in notebooks.glob("*.py"):
        written, copy = jupytext.read(source), nbformat.read(source.with_suffix(".ipynb"), as_version=4)
        nbformat.validate(copy)
        assert [cell.source for cell in written.cells] == [cell.source for cell in copy.cells]
        assert [cell.cell_type for cell in copy.cells[:3]] == ["markdown", "markdown", "code"]
        assert "colab" in copy.cells[1].source and source.stem in copy.cells[1].source
        assert GITHUB in copy.cells[2].source
    elsewhere.update_notebooks(notebooks, "")
    assert contents(notebooks) == before


def test_badges_follow_the_host_and_an_address_is_checked(tmp_path: Path) -> None:
    assert elsewhere.badges("", "00_start") == ""
    both = elsewhere.badges(f"{GITHUB}.git", "00_start")
    assert "colab.research.google.com/github/somebody/leaks/blob/main/notebooks/00_start.ipynb" in both
    assert "mybinder.org/v2/gh/somebody/leaks/HEAD?urlpath=lab/tree/notebooks/00_start.ipynb" in both
    other = elsewhere.badges("https://git.example/a/b", "00_start")
    assert "colab" not in other and "/v2/git/https%3A%2F%2Fgit.example%2Fa%2Fb/HEAD" in other
    (tmp_path / "pyproject.toml").write_text('[tool.mia_kit]\naddress = "somewhere"\n')
    with pytest.raises(ValueError, match="must be empty or begin with https"):
        elsewhere.read_address(tmp_path)


def run_first_cell(folder: Path, address: str, *, package: bool) -> subprocess.CompletedProcess:
    """Run the cell in an empty folder, with a fake pip that writes down what it is asked."""
    (folder / "site/pip").mkdir(parents=True)
    (folder / "site/pip/__init__.py").touch()
    (folder / "site/pip/__main__.py").write_text("import sys; print('pip', *sys.argv[1:])")
    if package:
        (folder / "site/mia_kit").mkdir()
        (folder / "site/mia_kit/__init__.py").touch()
    (folder / "work").mkdir()
    code = elsewhere.INSTALL.format(address=address) + "\nimport mia_kit; print(mia_kit.__file__)"
    blocked = f"import sys; sys.path = [p for p in sys.path if p not in ('', {str(ROOT)!r})]\n"
    return subprocess.run(
        [sys.executable, "-S", "-c", blocked + code],
        cwd=folder / "work", env=os.environ | {"PYTHONPATH": str(folder / "site")}, capture_output=True, text=True,
    )  # fmt: skip


@pytest.mark.skipif(shutil.which("git") is None, reason="the course is fetched by git")
def test_the_first_cell_fetches_the_course(tmp_path: Path) -> None:
    course = tmp_path / "course"
    (course / "mia_kit").mkdir(parents=True)
    (course / "data_scripts").mkdir()
    (course / "mia_kit/__init__.py").touch()
    (course / "data_scripts/fetch_dcgan.py").write_text("print('fetched')")
    git = ["git", "-C", str(course), "-c", "user.name=a", "-c", "user.email=a@b.example"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "a course"]):
        subprocess.run([*git, *command], check=True)
    done = run_first_cell(tmp_path, course.as_uri(), package=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == ["pip install -q -e ./mia_kit_course[lab,dp]", "fetched"]
    assert "mia_kit_course" in done.stdout.splitlines()[2]


def test_the_first_cell_does_nothing_where_the_course_is(tmp_path: Path) -> None:
    done = run_first_cell(tmp_path, "https://nowhere.example/", package=True)
    assert done.returncode == 0 and done.stdout.count("\n") == 1 and not any((tmp_path / "work").iterdir())
