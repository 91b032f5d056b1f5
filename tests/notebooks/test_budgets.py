"""A cell over its seconds turns red, a notebook over its minutes or memory does, and each notebook promises both."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.notebooks.budgets import SECONDS, cell_seconds, promised

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
OPENING = "**Time** about 5 minutes of yours, 1 of the computer's. **Memory** {} GB."


def report(folder, cells, memory="0.5"):
    """What nbval says of a notebook with these (source, tags)."""
    book = new_notebook(cells=[new_markdown_cell(OPENING.format(memory))])
    for source, tags in cells:
        book.cells.append(new_code_cell(source, execution_count=1, metadata={"tags": tags}))
    nbformat.write(book, folder / "tiny.ipynb")
    command = [sys.executable, "-m", "pytest", "-p", "tests.notebooks.budgets", "--nbval-lax", "--nbval-current-env"]
    command += ["-q", "-p", "no:cacheprovider", "--rootdir", str(folder), "-c", "/dev/null", str(folder / "tiny.ipynb")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    return done.stdout


@pytest.mark.slow
def test_a_cell_over_its_seconds_turns_red(tmp_path):
    slow = "import time\nuntil = time.process_time() + 1.8\nwhile time.process_time() < until: pass"
    waits = "import time; time.sleep(2)"
    found = report(tmp_path, [("1", []), (slow, ["seconds-1"]), (slow, []), (waits, ["seconds-1"])])
    assert "1 failed, 3 passed" in found and "cell 1 took 2 s, its budget is 1" in found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="only Linux tells the most memory a process held")
def test_a_notebook_over_its_memory_turns_red(tmp_path):
    cells = [
        ("kept = bytearray(300_000_000); kept[::4096] = b'1' * len(kept[::4096])", []),
        ("del kept", []),
        ("1", []),
    ]
    found = report(tmp_path, cells, memory="0.1")
    assert "1 failed, 2 passed" in found and "MB, its budget is 100 (and" in found
    assert "3 passed" in report(tmp_path, cells, memory="0.5")


def test_promises_are_read():
    assert cell_seconds(["a", "seconds-90"]) == 90 and cell_seconds(["seconds-x"]) == SECONDS
    words = "35 minutes of yours, 3 of the computer's. &nbsp; **Memory** 0.8 GB (1.3 GB with CUDA builds of PyTorch)."
    assert promised(words, cuda=False) == (180, 800) and promised(words, cuda=True) == (180, 1300)
    assert promised("seconds of the computer's. **Memory** 2 GB.", cuda=True) == (60, 2000)
    assert promised("nothing", cuda=True) == (None, None)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_notebook_promises_minutes_and_memory(path):
    opening = nbformat.read(path, as_version=4).cells[0].source
    assert None not in promised(opening, cuda=True)
