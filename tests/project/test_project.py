"""The repository's own promises: what lies at the top, what no file names, a README whose commands exist."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from mia_kit import __version__

ROOT = Path(__file__).parents[2]
TOP_LEVEL = {
    *("README.md", "environment.yml", "notebooks", "mia_kit", "data_scripts", "tests", "binder"),
    *("pyproject.toml", "Makefile", ".ci", ".gitignore", "LICENSE", "LICENSE-TEXT", "CITATION.cff", "constraints.txt"),
}
# Bracketed letters keep these patterns from matching this file.
FORBIDDEN = {
    "a path of one machine": r"(?<![\w.])/(?:w[o]rk|r[o]ot|h[o]me/\w+|U[s]ers/\w+)/",
    "the name of a registry's host": r"\b(?:p[y]pi\.org|pytho[n]hosted\.org|an[a]conda\.(?:org|com)"
    r"|d[e]b\.debian\.org|npm[j]s\.org)\b",
    "PyTorch's index, which the Makefile alone may name": r"downl[o]ad\.pytorch\.org",
}


def tracked_files() -> list[Path]:
    """Return the files that are, or are about to be, in the repository; skips outside a git checkout."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode != 0:
        pytest.skip("not a git checkout: there is no list of tracked files")
    return [ROOT / name for name in listing.stdout.splitlines() if (ROOT / name).is_file()]


def test_top_level_holds_nothing_else() -> None:
    found = {path.relative_to(ROOT).parts[0] for path in tracked_files()}
    assert found - TOP_LEVEL == set()


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_text_file_names(what: str) -> None:
    found = []
    for path in tracked_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if path == ROOT / "Makefile" and what.startswith("PyTorch's index"):
            continue
        if match := re.search(FORBIDDEN[what], text):
            found.append(f"{path.relative_to(ROOT)}: {match.group()}")
    assert found == []


def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def test_readme_commands_are_make_targets() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"^ {4}make ([a-z-]+)|`make ([a-z-]+)", readme(), re.MULTILINE))
    commands = {first or second for first, second in named}
    assert {"lab", "test", "test-fast", "demo"} <= commands
    assert commands - targets == set()


def test_the_lab_lists_a_chapter_once() -> None:
    from jupyter_server.services.contents.largefilemanager import LargeFileManager

    settings = [
        re.search(r"'(\{\"ContentsManager.*\})'", (ROOT / name).read_text(encoding="utf-8"))[1]
        for name in ("Makefile", "binder/postBuild")
    ]
    assert settings[0] == settings[1]
    manager = LargeFileManager(**json.loads(settings[0])["ContentsManager"])
    for chapter in (ROOT / "notebooks").glob("[0-9]*.ipynb"):
        assert manager.should_list(chapter.name) and not manager.should_list(f"{chapter.stem}.py")
    assert manager.should_list("mine.py") and manager.should_list("INSTRUCTORS.md")


def test_readme_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", readme())
    local = [link for link in links if not link.startswith("https://")]
    assert [link for link in local if not (ROOT / link).exists()] == []


def test_scripts_that_pages_name_are_there() -> None:
    pages = [
        page
        for folder in ("", "mia_kit", "notebooks", "binder", "data_scripts")
        for page in (ROOT / folder).glob("*.md")
    ]
    named = {
        name for page in pages for name in re.findall(r"python (?:-m )?(tests[./][\w./]+)", page.read_text("utf-8"))
    }
    assert len(named) >= 5
    files = {name: ROOT / f"{name.removesuffix('.py').replace('.', '/')}.py" for name in named}
    assert [name for name, file in files.items() if not file.is_file()] == []


def test_citation_agrees_with_the_package() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == __version__ and {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert len(citation["references"]) == 4 and all(r["title"] in readme() for r in citation["references"])


def test_links_into_the_glossary_lead_to_a_word() -> None:
    headings = re.findall(r"^### (.+)$", (ROOT / "notebooks" / "GLOSSARY.md").read_text(encoding="utf-8"), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    linked = set()
    for path in (ROOT / "notebooks").glob("*.py"):
        linked |= set(re.findall(r"\(GLOSSARY\.md#([\w-]+)\)", path.read_text(encoding="utf-8")))
    assert len(linked) > 5 and linked <= anchors


def test_no_two_files_of_tests_share_a_name() -> None:
    """Folders of tests are no packages: pytest would import one and refuse the other."""
    packages = {path.parent for path in (ROOT / "tests").rglob("__init__.py")}
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py") if path.parent not in packages]
    assert sorted(names) == sorted(set(names))
