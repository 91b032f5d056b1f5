"""Runs: every part is made once, whoever makes it; a key follows its inputs; what is killed goes on."""

import multiprocessing
import os
import signal
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch

from mia_kit.runs.parts import Part, with_inputs
from mia_kit.runs.run import Maker, helped, walk
from mia_kit.runs.store import Store
from mia_kit.training.checkpoints import load_checkpoint, save_checkpoint
from tests.killing import finish_despite_kills


def note(log, line):
    with Path(log).open("a") as file:
        file.write(f"{line}\n")


@dataclass(frozen=True)
class Number(Part[float]):
    """A number that notes that it was made."""

    value: int
    log: str
    factor: float = 1.0

    def make(self, made, checkpoint, *, progress):
        note(self.log, f"number {self.value}")
        return {"number": self.value * self.factor}


@dataclass(frozen=True)
class Total(Part[float]):
    """The sum of its inputs."""

    numbers: tuple[Number, ...]
    log: str

    def make(self, made, checkpoint, *, progress):
        note(self.log, "total")
        return {"total": sum(made(number) for number in self.numbers)}


def total(folder, count=6):
    log = str(folder / "log")
    return Total(tuple(Number(value, log) for value in range(count)), log)


def made_so_far(folder):
    return sorted((folder / "log").read_text().splitlines())


def test_a_key_follows_inputs_and_versions_and_leaves_defaults_out(tmp_path, monkeypatch):
    part = total(tmp_path)
    other = replace(part, numbers=(replace(part.numbers[0], factor=2.0), *part.numbers[1:]))
    assert part.key == total(tmp_path).key != other.key
    assert "factor" not in part.numbers[0].settings() and "factor" in other.numbers[0].settings()
    monkeypatch.setattr(Number, "version", 2)
    assert total(tmp_path).key != part.key


def test_a_walk_makes_each_part_once_and_fresh_makes_it_anew_once(tmp_path):
    part, store = total(tmp_path), Store(tmp_path / "store")
    assert with_inputs([part, part.numbers[2], part]) == [*part.numbers, part]
    for _ in range(2):
        walk([part], store, progress=False)
    assert Maker(store)(part) == 15 and len(made_so_far(tmp_path)) == 7
    fresh = Store(tmp_path / "store", fresh=True)
    for _ in range(2):
        walk([part], fresh, progress=False)
    assert len(made_so_far(tmp_path)) == 14


def test_two_workers_share_the_work(tmp_path):
    part, store = total(tmp_path, count=20), Store(tmp_path / "store")
    with helped([part], store, workers=2):
        walk([part], store, progress=False)
    assert made_so_far(tmp_path) == sorted([*(f"number {value}" for value in range(20)), "total"])


@dataclass(frozen=True)
class Elsewhere(Part[float]):
    """A part at which another worker is, until somebody writes the file `done`."""

    log: str
    done: str

    def make(self, made, checkpoint, *, progress):
        if not Path(self.done).exists():
            raise BlockingIOError
        note(self.log, "elsewhere")
        return {"elsewhere": 1.0}


@dataclass(frozen=True)
class Meanwhile(Part[float]):
    """A part during which the other worker comes to an end."""

    log: str
    done: str

    def make(self, made, checkpoint, *, progress):
        note(self.log, "meanwhile")
        Path(self.done).touch()
        return {"meanwhile": 1.0}


def test_after_each_part_the_list_begins_anew_so_that_one_seed_is_finished_before_the_next(tmp_path):
    log, done = str(tmp_path / "log"), str(tmp_path / "done")
    walk([Elsewhere(log, done), Meanwhile(log, done), Number(1, log)], Store(tmp_path / "store"), progress=False)
    assert (tmp_path / "log").read_text().splitlines() == ["meanwhile", "elsewhere", "number 1"]


def test_an_error_of_a_part_is_raised_as_it_is(tmp_path):
    with pytest.raises(FileNotFoundError):
        walk([Number(1, str(tmp_path / "nowhere" / "log"))], Store(tmp_path / "store"), progress=False)


@dataclass(frozen=True)
class Steps(Part[float]):
    """A sum of random numbers, with a checkpoint after each of 40 steps of 5 ms."""

    seed: int
    log: str

    def make(self, made, checkpoint, *, progress):
        saved = load_checkpoint(checkpoint, run=f"{self.seed}") or {"step": 0, "sum": 0.0}
        note(self.log, f"begin {self.seed} {saved['step']}")
        for step in range(saved["step"], 40):
            time.sleep(0.005)
            number = torch.rand((), generator=torch.Generator().manual_seed(100 * self.seed + step)).item()
            saved = {"step": step + 1, "sum": saved["sum"] + number}
            save_checkpoint(checkpoint, saved, run=f"{self.seed}")
        return {"sum": saved["sum"]}


def run_slowly(folder):
    store = Store(folder / "store")
    for seed in range(8):
        walk([Steps(seed, str(folder / "log"))], store, progress=False)
        note(folder / "log", f"have {seed}")


@pytest.mark.slow
def test_a_run_killed_ten_times_ends_the_same_and_makes_no_finished_part_again(tmp_path):
    log = tmp_path / "killed" / "log"
    for name in ("alone", "killed"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "log").touch()

    def begun():
        return [line for line in log.read_text().splitlines() if line.startswith("begin")]

    run_slowly(tmp_path / "alone")
    hits = finish_despite_kills(run_slowly, tmp_path / "killed", seed=3, longest=0.2, progress=lambda: len(begun()))
    assert hits >= 8, "the runs ended before they could be killed"
    sums = [
        [Maker(Store(tmp_path / name / "store"))(Steps(seed, str(tmp_path / name / "log"))) for seed in range(8)]
        for name in ("alone", "killed")
    ]
    assert sums[0] == sums[1]
    assert len(begun()) > 8 and any(not line.endswith(" 0") for line in begun()), "no part went on from a checkpoint"
    finished = set()
    for line in log.read_text().splitlines():
        what, seed, *_ = line.split()
        assert what == "have" or seed not in finished, "a finished part was made again"
        finished |= {seed} if what == "have" else set()


def run_with_a_worker(folder):
    parts = [Steps(seed, str(folder / "log")) for seed in range(40)]
    with helped(parts, Store(folder / "store"), workers=2):
        (folder / "worker").write_text(str(multiprocessing.active_children()[0].pid))
        walk(parts, Store(folder / "store"), progress=False)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="asks for a process by its number")
def test_a_worker_ends_with_a_parent_that_is_killed(tmp_path):
    context = multiprocessing.get_context("spawn")
    parent = context.Process(target=run_with_a_worker, args=(tmp_path,))
    parent.start()
    for _ in range(1200):
        if (tmp_path / "worker").exists() and (tmp_path / "log").exists():
            break
        time.sleep(0.05)
    number = int((tmp_path / "worker").read_text())
    parent.kill()
    parent.join()
    for _ in range(600):
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    os.kill(number, signal.SIGKILL)
    pytest.fail("the worker outlived its parent")
