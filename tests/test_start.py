"""A command answers at once: no library is loaded that it does not use, and the processor is done within a second.

Processor time is read, not the clock, and the best of three counts: busy neighbours turn nothing red.
"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SLOW_TO_LOAD = {"torch", "pandas", "numpy", "scipy", "plotly"}
SLACK = 2  # for a machine of half the speed


def processor_seconds(*arguments: str) -> float:
    """The least that one of three runs of Python cost."""
    resource = pytest.importorskip("resource", reason="the system does not tell what processes cost")
    spent = []
    for _ in range(3):
        before = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
        subprocess.run([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
        spent.append(sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - before)
    return min(spent)


@pytest.mark.parametrize(
    ("arguments", "most"),
    [(("-c", "import mia_kit"), 0.05), (("-m", "mia_kit.cli", "--help"), 0.5), (("-m", "mia_kit.cli", "claims"), 1.0)],
)
def test_the_start_is_quick(arguments: tuple[str, ...], most: float) -> None:
    bare = processor_seconds("-c", "pass") if "import mia_kit" in arguments else 0.0
    assert processor_seconds(*arguments) - bare < most * SLACK


@pytest.mark.parametrize("work", ["import mia_kit.data.folders", "--help", "claims", "recipes"])
def test_no_large_library_is_loaded(work: str) -> None:
    command = f"from mia_kit import cli\ntry: cli.main([{work!r}])\nexcept SystemExit: pass"
    loaded = f"print(sorted({SLOW_TO_LOAD} & set(sys.modules)), file=sys.stderr)"
    code = "\n".join(["import sys", work if " " in work else command, loaded])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stderr.strip() == "[]"
