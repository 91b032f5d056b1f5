"""The dependency lists agree: pyproject.toml, environment.yml and binder/ ask for the same ranges."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


def pyproject() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def learner_requirements(torch: str) -> dict[str, str]:
    """Return {conda name: version range} of everything that `pip install -e ".[lab]"` asks for; PyTorch's is given."""
    project = pyproject()["project"]
    requirements = map(Requirement, project["dependencies"] + project["optional-dependencies"]["lab"])
    return {torch if r.name == "torch" else r.name.lower(): str(r.specifier) for r in requirements}


def conda_requirements(path: Path) -> tuple[dict[str, str], list[str]]:
    """Return ({name: version range} of the conda and pip lists together, other pip lines such as `-e .`)."""
    dependencies = yaml.safe_load(path.read_text(encoding="utf-8"))["dependencies"]
    lines = [line for entry in dependencies for line in ([entry] if isinstance(entry, str) else entry["pip"])]
    requirements = [Requirement(line) for line in lines if not line.startswith("-")]
    return {r.name: str(r.specifier) for r in requirements}, [line for line in lines if line.startswith("-")]


def test_a_learner_installs_no_more_than_a_chapter_needs() -> None:
    """What one chapter or a maintainer needs is an extra, and `make test` has all that tests skip without."""
    extras = pyproject()["project"]["optional-dependencies"]
    for name in ("twins", "dp", "diffusion", "cluster", "tensorboard"):
        assert set(extras[name]) <= set(extras["test"]) and not set(extras[name]) & set(extras["lab"])


def test_every_package_that_is_asked_for_has_a_tested_version() -> None:
    """And that version is one that pyproject.toml allows."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    tested = {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines[1:])}
    project = pyproject()["project"]
    for line in chain(project["dependencies"], *project["optional-dependencies"].values()):
        asked = Requirement(line)
        assert tested.get(canonicalize_name(asked.name), "0") in asked.specifier, line


# Binder has no GPU build, and installs mia_kit in postBuild: at this point it has not copied the repository.
@pytest.mark.parametrize(
    ("name", "torch", "limit", "options"),
    [("environment.yml", "pytorch", "", ["-e ."]), ("binder/environment.yml", "pytorch-cpu", "<3.13,", [])],
)
def test_conda_asks_for_what_pyproject_asks_for(name: str, torch: str, limit: str, options: list[str]) -> None:
    found, other_lines = conda_requirements(ROOT / name)
    wanted = learner_requirements(torch)
    assert found.pop("python") == limit + pyproject()["project"]["requires-python"]
    found.pop("pip")
    assert found == wanted and other_lines == options


def test_binder_installs_the_package_without_dependencies() -> None:
    path = ROOT / "binder" / "postBuild"
    script = path.read_text(encoding="utf-8")
    assert script.startswith("#!/bin/bash\n")
    assert re.search(r"^python -m pip install .*--no-deps .*--editable \.$", script, re.MULTILINE)
    assert path.stat().st_mode & 0o111, "postBuild must be executable"
