"""The store: nothing is measured twice, nothing is half there, and a killed run goes on with the part at work."""

import errno
import multiprocessing
import os
import time

import numpy as np
import pytest
import torch

from mia_kit.runs.store import DamagedEntryWarning, Store, lock_file, locked
from mia_kit.training.checkpoints import load_checkpoint, save_checkpoint
from tests.killing import METHOD, PRELOAD

BASE = torch.arange(6.0).reshape(2, 3)
VALUES = {
    "weights": BASE,
    "turned": BASE.T,  # memory that is shared and lies apart
    "labels": np.array([3, 1, 2]),
    "every": np.arange(9)[::-2],
    "mask": np.array([True, False]),
    "scalar": np.array(2.5),
    "none": BASE[:0],
    "score": 0.1 + 0.2,
    "names": ("a", "b"),
    "nothing": None,
}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "runs")


@pytest.fixture
def calls():
    return []


@pytest.fixture
def make(calls):
    def make(checkpoint):
        calls.append(checkpoint)
        return VALUES | {"call": len(calls)}

    return make


def files_below(folder):
    files = (path for path in folder.rglob("*") if path.is_file() and path.parent.name != ".locks")
    return sorted(str(path.relative_to(folder)) for path in files)


def test_the_same_settings_are_made_once(store, make, calls):
    first = store.get("toy", {"seed": 1, "factors": [0.1, 0.0]}, make, version=1)
    again = Store(store.root).get("toy", {"factors": (0.1, 0.0), "seed": 1}, make, version=1)
    assert len(calls) == 1
    for values in (first, again):
        assert list(values) == [*VALUES, "call"] and values["names"] == ["a", "b"]
        for name, value in VALUES.items():
            if isinstance(value, torch.Tensor):
                assert torch.equal(values[name], value)
            elif isinstance(value, np.ndarray):
                assert values[name].dtype == value.dtype and np.array_equal(values[name], value)
            elif name != "names":
                assert values[name] == value


@pytest.mark.parametrize("change", [{"settings": {"seed": 2}}, {"version": 2}, {"kind": "other"}])
def test_other_settings_get_an_entry_of_their_own(change, store, make):
    asked = {"kind": "toy", "settings": {"seed": 1}, "make": make, "version": 1}
    store.get(**asked)
    assert store.get(**asked | change)["call"] == 2
    assert store.get(**asked)["call"] == 1 and len(store.entries()) == 2


def test_an_entry_says_what_made_it(store, make):
    store.get("toy", {"seed": 1}, make, version=3)
    folder, about = store.folder("toy", {"seed": 1}, version=3), store.about("toy", {"seed": 1}, version=3)
    assert about["made_by"] == {"kind": "toy", "settings": {"seed": 1}, "version": 3}
    assert {"versions", "device", "seconds", "date"} <= about.keys()
    assert store.about("toy", {"seed": 2}, version=3) is None
    assert folder.parent == store.root / "toy" and len(folder.name) == 32
    files = ("result.json", "result.safetensors", "settings.json")
    assert files_below(store.root / "toy") == [f"{folder.name}/{name}" for name in files]


DAMAGES = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-5]),
    "flipped": lambda path: path.write_bytes(path.read_bytes()[:-3] + bytes([path.read_bytes()[-3] ^ 1])),
    "removed": lambda path: path.unlink(),
}


@pytest.mark.parametrize("file", ["settings.json", "result.json", "result.safetensors"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_moved_aside_and_made_again(damage, file, store, make):
    store.get("toy", {}, make, version=1)
    folder = store.folder("toy", {}, version=1)
    DAMAGES[damage](folder / file)
    with pytest.warns(DamagedEntryWarning, match=f"{folder.name} is damaged .* moved to .* made again") as caught:
        assert store.get("toy", {}, make, version=1)["call"] == 2
    aside = list(store.root.glob(f"toy/{folder.name}.damaged-*/{folder.name}"))
    assert len(caught) == len(aside) == 1 and str(aside[0].parent) in str(caught[0].message)
    assert store.get("toy", {}, make, version=1)["call"] == 2
    assert len(store.entries()) == 1


def test_fresh_makes_anew_once_and_a_failure_leaves_the_old_entry(store, make):
    store.get("toy", {}, make, version=1)

    def fail(checkpoint):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        Store(store.root, fresh=True).get("toy", {}, fail, version=1)
    assert store.get("toy", {}, make, version=1)["call"] == 1 and len(files_below(store.root)) == 3
    fresh = Store(store.root, fresh=True)
    assert [fresh.get("toy", {}, make, version=1)["call"] for _ in range(2)] == [2, 2]
    assert store.get("toy", {}, make, version=1)["call"] == 2 and len(files_below(store.root)) == 3


@pytest.mark.parametrize("file", [0, 1, 2])
def test_a_full_disk_leaves_nothing_half_written(file, store, make, monkeypatch):
    written = []

    def full(handle):
        written.append(handle)
        if len(written) > file:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match=r"could not be stored in .* \(No space left on device\)") as caught:
            store.get("toy", {}, make, version=1)
    assert caught.value.errno == errno.ENOSPC and list((store.root / "toy").iterdir()) == []
    assert store.get("toy", {}, make, version=1)["call"] == 2


def test_a_checkpoint_outlives_a_failure_and_goes_with_the_end(store):
    def make(checkpoint):
        saved = load_checkpoint(checkpoint, run="toy")
        if saved is None:
            save_checkpoint(checkpoint, {"step": 3}, run="toy")
            raise InterruptedError
        return {"step": saved["step"], "seconds": 500.0}

    with pytest.raises(InterruptedError):
        store.get("toy", {}, make, version=1)
    assert store.get("toy", {}, make, version=1)["step"] == 3
    assert len(files_below(store.root)) == 3
    assert store.about("toy", {}, version=1)["own_seconds"] == 500


def test_time_in_an_input_is_not_the_results_own(store):
    def middle(_):
        store.get("input", {}, lambda _: time.sleep(0.3) or {}, version=1)
        return {}

    store.get("whole", {}, lambda _: store.get("middle", {}, middle, version=1), version=1)
    seconds = {kind: store.about(kind, {}, version=1)["own_seconds"] for kind in ("input", "middle", "whole")}
    assert seconds["input"] >= 0.3 and max(seconds["middle"], seconds["whole"]) < 0.2


def test_what_a_kill_right_after_the_end_leaves_is_swept(store, make):
    store.get("toy", {}, make, version=1)
    folder = store.folder("toy", {}, version=1)
    work = folder.with_name(f"{folder.name}.work")
    work.mkdir()
    (work / "checkpoint.pt").touch()
    with locked(lock_file(folder), None):  # somebody is at work in it
        store.get("toy", {}, make, version=1)
        assert work.exists()
    store.get("toy", {}, make, version=1)
    assert not work.exists() and len(files_below(store.root / "toy")) == 3


def compute_slowly(root, name):
    """Two processes run this at once; each leaves a line for each computation and its own result."""

    def make(checkpoint):
        with (root / "computed").open("a") as log:
            log.write("x")
        time.sleep(0.5)
        return {"numbers": np.arange(50_000)}

    values = Store(root / "runs").get("toy", {"seed": 0}, make, version=1)
    (root / name).write_text(str(values["numbers"].sum()))


def test_two_processes_at_once_compute_once(tmp_path):
    context = multiprocessing.get_context(METHOD)
    if METHOD == "forkserver":
        context.set_forkserver_preload(PRELOAD)
    processes = [context.Process(target=compute_slowly, args=(tmp_path, name)) for name in ("first", "second")]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert (tmp_path / "computed").read_text() == "x"
    assert (tmp_path / "first").read_text() == (tmp_path / "second").read_text() == str(49_999 * 25_000)
    assert len(files_below(tmp_path / "runs")) == 3
