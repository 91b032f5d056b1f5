"""The dependency lists agree: pyproject.toml, environment.yml and binder/ ask for the same ranges."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
# Names on PyPI that conda-forge spells differently.
CONDA_NAMES = {"torch": "pytorch"}


def pyproject() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def learner_requirements() -> dict[str, str]:
    """Return {conda name: version range} of everything that `pip install -e ".[lab]"` asks for."""
    project = pyproject()["project"]
    lines = project["dependencies"] + project["optional-dependencies"]["lab"]
    requirements = [Requirement(line) for line in lines]
    return {CONDA_NAMES.get(r.name, r.name.lower()): str(r.specifier) for r in requirements}


def conda_requirements(path: Path) -> tuple[dict[str, str], list[str]]:
    """Return ({name: version range} of the conda and pip lists together, other pip lines such as `-e .`)."""
    dependencies = yaml.safe_load(path.read_text(encoding="utf-8"))["dependencies"]
    lines = [entry for entry in dependencies if isinstance(entry, str)]
    pip_lines = next((entry["pip"] for entry in dependencies if isinstance(entry, dict)), [])
    options = [line for line in pip_lines if line.startswith("-")]
    lines += [line for line in pip_lines if not line.startswith("-")]
    requirements = [Requirement(line) for line in lines]
    return {r.name: str(r.specifier) for r in requirements}, options


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


def test_environment_yml_asks_for_what_pyproject_asks_for() -> None:
    found, options = conda_requirements(ROOT / "environment.yml")
    assert found.pop("python") == pyproject()["project"]["requires-python"]
    found.pop("pip")
    assert found == learner_requirements()
    assert options == ["-e ."]


def test_binder_is_complete_and_has_no_gpu_build() -> None:
    found, options = conda_requirements(ROOT / "binder" / "environment.yml")
    wanted = learner_requirements()
    assert found.pop("pytorch-cpu") == wanted.pop("pytorch")
    assert found.pop("python").endswith(pyproject()["project"]["requires-python"])
    found.pop("pip")
    assert found == wanted
    assert options == [], "mia_kit is installed by postBuild: at this point Binder has not copied the repository"


def test_binder_installs_the_package_without_dependencies() -> None:
    path = ROOT / "binder" / "postBuild"
    script = path.read_text(encoding="utf-8")
    assert script.startswith("#!/bin/bash\n")
    assert re.search(r"^python -m pip install .*--no-deps .*--editable \.$", script, re.MULTILINE)
    assert path.stat().st_mode & 0o111, "postBuild must be executable"
