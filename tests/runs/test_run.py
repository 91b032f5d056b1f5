"""Runs: every part is made once, whoever makes it; a key follows its inputs; what is killed goes on."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest

from mia_kit.runs.parts import Part, with_inputs
from mia_kit.runs.run import Maker, helped, walk
from mia_kit.runs.store import Store
from tests.killing import finish_despite_kills


@dataclass(frozen=True)
class Number(Part[float]):
    """A number that takes a moment, and notes that it was made."""

    value: int
    log: str
    factor: float = 1.0
    version: ClassVar[int] = 1

    def make(self, made, checkpoint, *, progress):
        with Path(self.log).open("a") as file:
            file.write(f"number {self.value}\n")
        return {"number": self.value * self.factor}

    def unpack(self, values):
        return values["number"]


@dataclass(frozen=True)
class Total(Part[float]):
    """The sum of its inputs."""

    numbers: tuple[Number, ...]
    log: str

    def make(self, made, checkpoint, *, progress):
        with Path(self.log).open("a") as file:
            file.write("total\n")
        return {"total": sum(made(number) for number in self.numbers)}

    def unpack(self, values):
        return values["total"]


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


def test_inputs_come_first_and_each_once(tmp_path):
    part = total(tmp_path)
    ordered = with_inputs([part, part.numbers[2], part])
    assert ordered == [*part.numbers, part]


def test_a_walk_makes_each_part_once_and_fresh_makes_it_anew_once(tmp_path):
    part, store = total(tmp_path), Store(tmp_path / "store")
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


def test_an_error_of_a_part_is_raised_as_it_is(tmp_path):
    with pytest.raises(FileNotFoundError):
        walk([Number(1, str(tmp_path / "nowhere" / "log"))], Store(tmp_path / "store"), progress=False)


def run_slowly(folder):
    part = total(folder, count=8)
    walk([part], Store(folder / "store"), progress=False)


@pytest.mark.slow
def test_a_run_killed_ten_times_ends_the_same(tmp_path):
    folder = tmp_path / "killed"
    folder.mkdir()
    finish_despite_kills(run_slowly, folder, seed=3, longest=0.3)
    walk([total(folder, count=8)], Store(folder / "store"), progress=False)
    assert Maker(Store(folder / "store"))(total(folder, count=8)) == 28
