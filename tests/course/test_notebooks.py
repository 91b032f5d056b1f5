"""Executing notebooks: what stops is named, Ctrl-C leaves no kernel, and a machine without Chrome does the rest."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import plotly.graph_objects as go
import pytest

from mia_kit import cli
from mia_kit.course import notebooks
from mia_kit.figures import reproduce

ROOT = Path(__file__).parents[2]
FIGURE = """
import numpy as np, plotly.graph_objects as go
from mia_kit.figures.reproduce import show
from mia_kit.figures.style import Drawn
show("9.9", Drawn(go.Figure(), "a line", {"curve": np.ones(2)}))
"""


def no_chrome(self: go.Figure, *_: object, **__: object) -> bytes:
    raise RuntimeError("Kaleido requires Google Chrome to be installed.")


def test_without_chrome_one_sentence_and_the_rest_goes_on(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(go.Figure, "to_image", no_chrome)
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "absent"))  # for the kernel
    (tmp_path / "01_a.py").write_text(f"# %%\n{FIGURE}")
    assert cli.main(["notebooks", str(tmp_path / "01_a.py")]) == 0
    assert capsys.readouterr().out.splitlines()[0] == reproduce.NO_TWINS
    shown = nbformat.read(tmp_path / "01_a.ipynb", as_version=4).cells[0].outputs[0].data
    assert "image/png" not in shown and "application/vnd.plotly.v1+json" in shown


def test_a_cell_that_stops_is_named_and_nothing_is_written(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(go.Figure, "to_image", no_chrome)
    (tmp_path / "01_a.py").write_text("# %%\n1\n\n# %%\nraise OSError('no \\x1b[31mchalk')\n")
    assert cli.main(["notebooks", str(tmp_path / "01_a.py")]) == 2
    assert capsys.readouterr().err == "mia-kit: 01_a.py stopped in its code cell 2 with OSError: no ?[31mchalk\n"
    assert not (tmp_path / "01_a.ipynb").exists()


def test_a_copy_that_cannot_be_written_is_told_first(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(notebooks, "execute", lambda *_: pytest.fail("the work has begun"))
    (tmp_path / "01_a.py").write_text("")
    (tmp_path / "01_a.ipynb").mkdir()
    with pytest.raises(OSError, match="01_a.ipynb cannot be written"):
        notebooks.execute_all([tmp_path / "01_a.py"])


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/cmdline").read_bytes() != b"" if Path("/proc").is_dir() else True


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent in another way")
@pytest.mark.parametrize("command", [("classroom", "a.ipynb", "--kernels", "2"), ("notebooks", "a.py")])
def test_ctrl_c_ends_every_kernel(command: tuple[str, ...], tmp_path: Path) -> None:
    if command[0] == "classroom" and sys.platform != "linux":
        pytest.skip("memory is read from /proc")
    wait = "import os, pathlib, time\npathlib.Path(f'{os.getpid()}.pid').touch()\ntime.sleep(60)"
    (tmp_path / "a.py").write_text(f"# %%\n{wait}\n")
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(wait)]), tmp_path / "a.ipynb")
    process = subprocess.Popen(
        [sys.executable, "-m", "mia_kit.cli", *command],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "BROWSER_PATH": str(tmp_path / "absent")},
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # jobs in the background ignore Ctrl-C
    )
    wanted, until = 2 if command[0] == "classroom" else 1, time.monotonic() + 120
    while len(pids := [int(path.stem) for path in tmp_path.glob("*.pid")]) < wanted and time.monotonic() < until:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert len(pids) == wanted and (process.returncode, told) == (130, b"mia-kit: stopped\n")
    assert not any(map(alive, pids))
