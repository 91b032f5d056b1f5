"""What `make lab` installs: the CPU build where there is no GPU, and the usual build where no index answers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mia_kit.course import install

ROOT = Path(__file__).parents[2]
INDEX = "http://127.0.0.1:9/cpu"  # nobody listens there


def chosen(*, torch="auto", uv=None, gpu=False, reachable=True, constraints="tested.txt"):
    def answer():
        assert reachable is not None, "asked"
        return reachable

    return install.commands("lab", torch, constraints, index=INDEX, uv=uv, gpu=gpu, reachable=answer)


@pytest.mark.parametrize(
    ("case", "word", "lines", "part"),
    [
        ({}, "CPU build, by pip", 2, ["--index-url", INDEX, "torch", "torchvision"]),
        ({"uv": "/bin/uv"}, "CPU build, by uv", 1, ["--torch-backend", "cpu"]),
        ({"reachable": False}, "did not answer", 1, ["install", "-q"]),
        ({"reachable": False, "uv": "/bin/uv"}, "usual build, by uv: the index", 1, ["/bin/uv", "pip", "install"]),
        ({"gpu": True, "uv": "/bin/uv", "reachable": False}, "usual build, by uv: there is an", 1, ["/bin/uv", "pip"]),
        ({"gpu": True}, "usual build, by pip: there is an NVIDIA GPU", 1, ["-m", "pip"]),
        ({"gpu": True, "uv": "/bin/uv"}, "fits the GPU, by uv", 1, ["--torch-backend", "auto"]),
        ({"gpu": True, "torch": "cpu"}, "TORCH=cpu asks for it", 2, ["--index-url", INDEX]),
        ({"torch": "cuda"}, "TORCH=cuda asks for it", 1, ["-m", "pip"]),
        ({"gpu": True, "reachable": None}, "usual build", 1, ["-m", "pip"]),  # the index of CPU builds is not asked
    ],
)
def test_the_build_fits_the_computer(case, word, lines, part):
    sentence, commands = chosen(**case)
    assert word in sentence and len(commands) == lines
    assert any(commands[0][place : place + len(part)] == part for place in range(len(commands[0])))
    assert all(command[command.index("--constraint") + 1] == "tested.txt" for command in commands)
    assert commands[-1][-2:] == ["--editable", ".[lab]"]
    assert not any("--constraint" in command for command in chosen(**case, constraints="")[1])


def run_install(folder, *arguments):
    """Run the script with a fake pip that writes down what it is asked, and whatever lies in `folder` first on PATH."""
    (folder / "pip").mkdir()
    (folder / "pip/__init__.py").touch()
    note = f"import json, sys; open({str(folder / 'asked')!r}, 'a').write(json.dumps(sys.argv[1:]) + chr(10))"
    (folder / "pip/__main__.py").write_text(note)
    environment = os.environ | {"PYTHONPATH": str(folder), "PATH": f"{folder}:{os.environ['PATH']}"}
    script = [sys.executable, "-P", str(ROOT / "mia_kit/course/install.py"), "--cpu-index", INDEX, *arguments]
    return subprocess.run(script, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)


def test_without_network_the_usual_build_is_installed_and_said(tmp_path):
    done = run_install(tmp_path, "--torch", "cpu", "--constraints", "constraints.txt")
    assert done.returncode == 0 and "did not answer within 5 seconds" in done.stdout
    (asked,) = [json.loads(line) for line in (tmp_path / "asked").read_text().splitlines()]
    assert asked[-2:] == ["--editable", ".[lab]"] and "constraints.txt" in asked


def test_a_missing_file_of_versions_is_a_sentence(tmp_path):
    done = run_install(tmp_path, "--constraints", "nowhere.txt")
    assert done.returncode == 2 and "take CONSTRAINTS= for the newest" in done.stderr
