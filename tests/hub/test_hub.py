"""A small class on a real hub: one breaks the kernel, one comes back, and nobody else notices."""

from pathlib import Path

import pytest

from tests.hub import hub
from tests.hub.learner import Learner

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(hub.missing()), reason=hub.missing()),
    pytest.mark.timeout(1200),
]


def test_a_broken_kernel_disturbs_nobody_and_work_is_found_again(tmp_path: Path) -> None:
    handout = tmp_path / "handout"
    handout.mkdir()
    (handout / "chapter.txt").write_text("handed out")
    (tmp_path / "class").mkdir()
    with hub.running(tmp_path / "class", handout) as (address, process):
        first, second = (Learner(address, name) for name in ("ada", "bo"))
        for learner in (first, second):
            learner.start_server()
            assert learner.read("chapter.txt") == "handed out"
        kernels = [learner.kernel() for learner in (first, second)]
        for kernel in kernels:
            kernel.run("kept = 1")
        kernels[0].break_it()
        assert kernels[1].run("print(kept)") == "1\n"
        with pytest.raises(RuntimeError, match="NameError"):
            first.kernel().run("kept")
        assert second.kernel().run("import os; print(os.environ['OMP_NUM_THREADS'])") == "1\n"
        assert hub.held_by(process).proportional > 100e6
        first.write("chapter.txt", "mine")
        first.stop_server()
        again = Learner(address, "ada")
        again.start_server()
        assert again.read("chapter.txt") == "mine"
