"""The real command on hostile machines: no home, no asserts, nothing but ASCII, damage, places that are shut."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mia_kit import cli

ROOT = Path(__file__).parents[1]
NOBODY = "import pwd\ndef nobody(*_): raise KeyError('uid not found')\npwd.getpwuid = nobody\n"


def run(*arguments: str, python: tuple[str, ...] = (), **variables: str) -> subprocess.CompletedProcess:
    """`mia-kit` in a process of its own, whose environment has these variables too."""
    command = [sys.executable, *python, "-m", "mia_kit.cli", *arguments]
    paths = os.pathsep.join([variables.pop("first", ""), str(ROOT)]).strip(os.pathsep)
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH")}
    return subprocess.run(command, capture_output=True, env=kept | {"PYTHONPATH": paths} | variables, timeout=60)


def sentence(done: subprocess.CompletedProcess) -> str:
    """The one line on stderr of a command that ended with 2 and no traceback."""
    words = done.stderr.decode()
    assert done.returncode == 2 and words.startswith("mia-kit: ") and words.count("\n") == 1, words
    return words


@pytest.mark.skipif(sys.platform == "win32", reason="accounts are listed in another way")
def test_an_account_without_a_home(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(NOBODY)
    assert "XDG_CACHE_HOME" in sentence(run("check", first=str(tmp_path)))
    done = run("check", first=str(tmp_path), XDG_CACHE_HOME=str(tmp_path))
    assert done.returncode == 1 and str(tmp_path / "mia_kit") in done.stdout.decode()
    assert run("claims", first=str(tmp_path)).returncode == 0
    for command in ("notebooks", "classroom"):
        assert "set HOME to a folder of your own" in sentence(run(command, first=str(tmp_path)))


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "cp1252"])
def test_the_claims_on_an_old_terminal(encoding: str) -> None:
    done = run("claims", PYTHONIOENCODING=encoding)
    assert done.returncode == 0 and len(done.stdout.decode(encoding).splitlines()) > 100


def test_a_plain_locale_and_a_python_without_docstrings(tmp_path: Path) -> None:
    done = run("check", python=("-OO",), LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", HOME=str(tmp_path))
    assert done.returncode == 1 and b"MISSING - for attacks on faces" in done.stdout
    assert run("--help", python=("-OO",)).returncode == 0


def test_scripts_end_in_a_plain_line_too(tmp_path: Path) -> None:
    path = "\x1b[2Jlist\n\u202eof\udcff.txt"
    variables = {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii", "HOME": str(tmp_path)}
    command = [sys.executable, "-OO", str(ROOT / "data_scripts" / "fetch_facescrub.py"), path]
    done = subprocess.run(command, capture_output=True, env=os.environ | variables, timeout=60)
    told = done.stderr.decode("ascii")
    assert done.returncode == 1 and told.count("\n") == 1 and told.rstrip().isprintable() and "list" in told


def test_a_reader_that_goes_away() -> None:
    command = [sys.executable, "-m", "mia_kit.cli", "claims"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b"" and process.wait(60) == 141


@pytest.mark.parametrize(
    "command",
    [
        ("demo", "--page", "{}/page.html"),
        ("run", "toy_order", "--tensorboard", "{}/curves"),
        ("referee", "{teams}", "--figure", "{}/page.html"),
        ("site", "{}/pages"),
        ("student", "{}/edition"),
        ("teacher", "{}/edition"),
    ],
)
def test_a_place_that_cannot_be_written_is_told_before_the_work(command, tmp_path, monkeypatch, capsys) -> None:
    """What does the work would fail here: it is never reached. A file stands where a folder is wanted."""
    for work in ("course.demo.toy_rows", "runs.run.walk", "course.referee.referee", "course.site.write_sources"):
        monkeypatch.setattr(f"mia_kit.{work}", lambda *_, **__: pytest.fail("the work has begun"))
    shut = tmp_path / "file"
    shut.write_text("")
    assert cli.main([part.format(shut, teams=tmp_path) for part in command]) == 2
    assert f"{shut}" in (told := capsys.readouterr().err) and "cannot be written" in told


def test_evidence_that_cannot_be_written_names_the_variable_before_the_work(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("mia_kit.runs.run.walk", lambda *_, **__: pytest.fail("the work has begun"))
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("MIA_KIT_EVIDENCE", str(tmp_path / "file"))
    assert cli.main(["run", "toy_order"]) == 2
    assert "set MIA_KIT_EVIDENCE to a folder of your own" in capsys.readouterr().err
    monkeypatch.setenv("MIA_KIT_EVIDENCE", str(tmp_path / "evidence"))
    monkeypatch.setattr("mia_kit.data.folders._platform_cache", lambda: tmp_path / "file")
    assert cli.main(["run", "toy_order"]) == 2
    assert "set XDG_CACHE_HOME to a folder of your own" in capsys.readouterr().err


def test_a_damaged_notebook_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    (tmp_path / "evidence").mkdir()
    (tmp_path / "01_x.ipynb").write_text(json.dumps({"cells": []})[:-2])
    monkeypatch.setenv("MIA_KIT_EVIDENCE", str(tmp_path / "evidence"))
    assert cli.main(["claims", "--pages", str(tmp_path)]) == 2
    assert "01_x.ipynb is damaged" in capsys.readouterr().err
