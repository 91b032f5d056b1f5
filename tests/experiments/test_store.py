"""The store: nothing is measured twice, nothing is half there, and a killed run goes on with the part at work."""

import errno
import json
import multiprocessing
import os
import sys
import time
from types import ModuleType

import numpy as np
import pytest
import torch
import yaml

from mia_kit.experiments import cli, evidence, runner
from mia_kit.experiments.locks import locked
from mia_kit.experiments.store import DamagedEntryWarning, Store
from mia_kit.training.checkpoints import load_checkpoint, save_checkpoint
from tests.killing import METHOD, PRELOAD, finish_despite_kills

VALUES = {
    "weights": torch.arange(6.0).reshape(2, 3),
    "labels": np.array([3, 1, 2]),
    "mask": np.array([True, False]),
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
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_same_settings_are_made_once(store, make, calls):
    first = store.get("toy", {"seed": 1, "factors": [0.1, 0.0]}, make, version=1)
    again = Store(store.root).get("toy", {"factors": (0.1, 0.0), "seed": 1}, make, version=1)
    assert len(calls) == 1
    for found in (first, again):
        assert list(found) == [*VALUES, "call"]
        assert torch.equal(found["weights"], VALUES["weights"]) and found["score"] == 0.1 + 0.2
        assert isinstance(found["labels"], np.ndarray) and found["labels"].dtype == np.int64
        assert found["labels"].tolist() == [3, 1, 2] and found["mask"].dtype == bool
        assert found["names"] == ["a", "b"] and found["nothing"] is None


@pytest.mark.parametrize("change", [{"settings": {"seed": 2}}, {"version": 2}, {"kind": "other"}])
def test_other_settings_get_an_entry_of_their_own(change, store, make, calls):
    asked = {"kind": "toy", "settings": {"seed": 1}, "make": make, "version": 1}
    store.get(**asked)
    assert store.get(**asked | change)["call"] == 2
    assert store.get(**asked)["call"] == 1 and len(list(store.entries())) == 2


def test_an_entry_says_what_made_it(store, make):
    store.get("toy", {"seed": 1}, make, version=3)
    folder = store.folder("toy", {"seed": 1}, version=3)
    about = json.loads((folder / "settings.json").read_text())
    assert about["made_by"] == {"kind": "toy", "settings": {"seed": 1}, "version": 3}
    assert {"versions", "device", "seconds", "date"} <= about.keys()
    assert about == store.about("toy", {"seed": 1}, version=3)
    assert store.about("toy", {"seed": 2}, version=3) is None
    assert folder.parent == store.root / "toy" and len(folder.name) == 32
    assert files_below(store.root / "toy") == [
        f"{folder.name}/{name}" for name in ("result.json", "result.safetensors", "settings.json")
    ]


def test_arrays_that_share_memory_or_lie_apart_are_stored(store):
    base = torch.arange(12.0).reshape(3, 4)
    values = {"base": base, "turned": base.T, "every": np.arange(9)[::-2], "scalar": np.array(2.5), "none": base[:0]}
    found = store.get("toy", {}, lambda checkpoint: values, version=1)
    assert torch.equal(found["turned"], base.T) and found["every"].tolist() == [8, 6, 4, 2, 0]
    assert found["scalar"].shape == () and found["scalar"] == 2.5 and found["none"].shape == (0, 4)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"kind": "../up"}, "kind must be a name"),
        ({"settings": {"factors": {0.1: 3}}}, r"the settings\['factors'\] must have keys that are text, got 0.1"),
        ({"settings": {"model": object()}}, r"the settings\['model'\] must be made of plain values"),
        ({"make": lambda checkpoint: {"found": {1: 2}}}, "the value 'found' must have keys that are text, got 1"),
        ({"make": lambda checkpoint: {"found": {1, 2}}}, "the value 'found' must be made of plain values"),
    ],
)
def test_what_cannot_be_stored_is_refused(change, sentence, store, make):
    with pytest.raises(ValueError, match=sentence):
        store.get(**{"kind": "toy", "settings": {}, "make": make, "version": 1} | change)
    assert files_below(store.root.parent) == []


def truncated(path):
    path.write_bytes(path.read_bytes()[:-5])


def flipped(path):
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


def removed(path):
    path.unlink()


@pytest.mark.parametrize("file", ["settings.json", "result.json", "result.safetensors"])
@pytest.mark.parametrize("damage", [truncated, flipped, removed])
def test_a_damaged_entry_is_moved_aside_and_made_again(damage, file, store, make, calls):
    store.get("toy", {}, make, version=1)
    folder = store.folder("toy", {}, version=1)
    damage(folder / file)
    with pytest.warns(DamagedEntryWarning, match=f"{folder.name} is damaged .* moved to .* made again") as caught:
        assert store.get("toy", {}, make, version=1)["call"] == 2
    aside = list(store.root.glob(f"toy/{folder.name}.damaged-*/{folder.name}"))
    assert len(caught) == len(aside) == 1 and str(aside[0].parent) in str(caught[0].message)
    assert store.get("toy", {}, make, version=1)["call"] == 2
    assert len(list(store.entries())) == 1


def test_an_entry_of_other_settings_in_its_place_is_damaged(store, make):
    store.get("toy", {"seed": 1}, make, version=1)
    store.folder("toy", {"seed": 1}, version=1).rename(store.folder("toy", {"seed": 2}, version=1))
    with pytest.warns(DamagedEntryWarning, match="its settings are others"):
        store.get("toy", {"seed": 2}, make, version=1)


def test_fresh_makes_anew_once(store, make, calls):
    store.get("toy", {}, make, version=1)
    fresh = Store(store.root, fresh=True)
    assert [fresh.get("toy", {}, make, version=1)["call"] for _ in range(2)] == [2, 2]
    assert store.get("toy", {}, make, version=1)["call"] == 2
    assert len(files_below(store.root)) == 3


def test_a_fresh_run_that_fails_leaves_the_old_entry(store, make):
    store.get("toy", {}, make, version=1)

    def fail(checkpoint):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        Store(store.root, fresh=True).get("toy", {}, fail, version=1)
    assert store.get("toy", {}, make, version=1)["call"] == 1 and len(files_below(store.root)) == 3


@pytest.mark.parametrize("file", [0, 1, 2])
def test_a_full_disk_leaves_nothing_half_written(file, store, make, calls, monkeypatch):
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
    assert store.about("toy", {}, version=1)["seconds"] == 500


def test_each_part_counts_once(store):
    """A recipe of two attacks on one target: 1 + 10 + 100 + 100 seconds, though both attacks used the target."""

    def target(_):
        return {"weights": 1, "seconds": 10.0}

    def attack(_):
        store.get("target", {}, target, version=1)
        return {"score": 1, "seconds": 100.0}

    def recipe(_):
        for seed in (0, 1, 0):
            store.get("attack", {"seed": seed}, attack, version=1)
        return {"here": store.seconds(), "seconds": 1.0}

    store.get("attack", {"seed": 0}, attack, version=1)  # in an earlier run
    whole = store.get("recipe", {}, recipe, version=1)
    assert whole["here"] == pytest.approx(210, abs=1)
    about = store.about("recipe", {}, version=1)
    assert about["seconds"] == 211 and about["own_seconds"] == 1
    assert sorted(about["parts"].values()) == [10, 100, 100]
    assert store.about("attack", {"seed": 1}, version=1)["seconds"] == 110


def test_time_in_a_part_is_not_the_result_s_own(store):
    def part(_):
        time.sleep(0.3)
        return {}

    def whole(_):
        store.get("part", {}, part, version=1)
        return {}

    store.get("whole", {}, whole, version=1)
    about = store.about("whole", {}, version=1)
    assert about["own_seconds"] < 0.2 and about["seconds"] >= 0.3


def test_seconds_are_asked_while_something_is_made(store):
    with pytest.raises(ValueError, match="expected a result in the making, got none instead"):
        store.seconds()


def test_what_a_kill_right_after_the_end_leaves_is_swept(store, make):
    store.get("toy", {}, make, version=1)
    folder = store.folder("toy", {}, version=1)
    work = folder.with_name(f"{folder.name}.work")
    work.mkdir()
    (work / "checkpoint.pt").touch()
    with locked(folder.with_name(f"{folder.name}.lock"), None):  # somebody is at work in it
        store.get("toy", {}, make, version=1)
        assert work.exists()
    store.get("toy", {}, make, version=1)
    assert not work.exists() and len(files_below(store.root)) == 3


def compute_slowly(root, name):
    """Two processes run this at once; each leaves a line for each computation and its own result."""

    def make(checkpoint):
        with (root / "computed").open("a") as log:
            log.write("x")
        time.sleep(0.5)
        return {"numbers": np.arange(50_000)}

    found = Store(root / "runs").get("toy", {"seed": 0}, make, version=1)
    (root / name).write_text(str(found["numbers"].sum()))


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


# --- whole recipes ------------------------------------------------------------------------------------------------

RECIPE = {"experiment": "toy_of_parts", "parts": 5, "steps": 12}


def toy_of_parts(root):
    """An experiment of several parts, each a sum of random numbers with a checkpoint after each step."""

    def part(recipe, seed):
        def make(checkpoint):
            saved = load_checkpoint(checkpoint, run=f"{seed}") or {"step": 0, "sum": 0.0}
            note(root, f"begin {seed} {saved['step']}")
            for step in range(saved["step"], recipe["steps"]):
                number = torch.rand((), generator=torch.Generator().manual_seed(100 * seed + step))
                time.sleep(0.005)
                saved = {"step": step + 1, "sum": saved["sum"] + number.item()}
                save_checkpoint(checkpoint, saved, run=f"{seed}")
            return {"sum": saved["sum"]}

        return make

    def run(recipe, progress=True, *, store):
        settings = [{"seed": seed, "steps": recipe["steps"]} for seed in range(recipe["parts"])]
        sums = []
        for own in settings:
            sums.append(store.get("part", own, part(recipe, own["seed"]), version=1)["sum"])
            note(root, f"have {own['seed']}")
        return {"sums": sums, "claims": {}}

    module = ModuleType("mia_kit.experiments.toy_of_parts")
    module.run, module.VERSION = run, 1
    return module


def note(root, line):
    with (root / "log").open("a") as log:
        log.write(f"{line}\n")


def set_up(root):
    """Put the experiment where `mia-kit run` looks for it. Returns the recipe's path."""
    root.mkdir(exist_ok=True)
    sys.modules["mia_kit.experiments.toy_of_parts"] = toy_of_parts(root)
    os.environ["MIA_KIT_EVIDENCE"] = str(root / "evidence")
    (root / "parts.yaml").write_text(yaml.safe_dump(RECIPE))
    return root / "parts.yaml"


def run_recipe(root):
    torch.set_num_threads(1)
    runner.run(str(set_up(root)), progress=False, store=Store(root / "runs"))


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    monkeypatch.setenv("MIA_KIT_EVIDENCE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    monkeypatch.setattr("mia_kit.experiments.store.cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setitem(sys.modules, "mia_kit.experiments.toy_of_parts", None)
    return set_up(tmp_path)


def begun(root):
    return [line for line in (root / "log").read_text().splitlines() if line.startswith("begin")]


@pytest.mark.slow
def test_a_recipe_killed_ten_times_ends_the_same(recipe, tmp_path, monkeypatch):
    began = time.perf_counter()
    run_recipe(tmp_path / "alone")
    longest = (time.perf_counter() - began) / 8
    hits = finish_despite_kills(run_recipe, tmp_path / "killed", seed=2, longest=longest)
    assert hits >= 8, "the runs ended before they could be killed"
    results = [json.loads((tmp_path / name / "evidence/parts.json").read_text()) for name in ("alone", "killed")]
    assert results[0]["results"] == results[1]["results"] and len(results[0]["results"]["sums"]) == 5
    finished = set()
    for line in (tmp_path / "killed/log").read_text().splitlines():
        what, seed, *_ = line.split()
        assert what == "have" or seed not in finished, "a finished part was computed again"
        finished |= {seed} if what == "have" else set()
    assert len(begun(tmp_path / "killed")) > 5 and any(not line.endswith(" 0") for line in begun(tmp_path / "killed"))
    assert len(files_below(tmp_path / "killed/runs")) == 3 * (5 + 1)
    assert results[1]["seconds"] > 0.3  # 60 steps of 5 ms: the killed processes' finished parts are counted


def test_the_same_recipe_again_recomputes_nothing(recipe, tmp_path, monkeypatch, capsys):
    assert cli.main(["run", str(recipe)]) == 0
    path = tmp_path / "evidence" / "parts.json"
    assert capsys.readouterr().out == f"wrote {path}\n"
    before, log = path.read_bytes(), (tmp_path / "log").read_text()
    path.unlink()
    monkeypatch.setattr(evidence, "circumstances", lambda seconds: {"date": "another day"})
    assert cli.main(["run", str(recipe)]) == 0
    assert path.read_bytes() == before and (tmp_path / "log").read_text() == log
    record = json.loads(before)
    said = capsys.readouterr().out
    assert said.startswith(f"{path}: measured on {record['date']} in ") and "--fresh measures again" in said


def test_fresh_measures_every_part_again(recipe, tmp_path):
    cli.main(["run", str(recipe)])
    assert cli.main(["run", str(recipe), "--fresh"]) == 0
    assert begun(tmp_path) == [f"begin {seed} 0" for seed in (0, 1, 2, 3, 4)] * 2


def test_a_longer_recipe_measures_the_new_parts_alone(recipe, tmp_path):
    cli.main(["run", str(recipe)])
    recipe.write_text(yaml.safe_dump(RECIPE | {"parts": 7}))
    cli.main(["run", str(recipe)])
    assert begun(tmp_path) == [f"begin {seed} 0" for seed in range(7)]
    assert len(evidence.read_evidence("parts")["results"]["sums"]) == 7


def test_evidence_counts_the_seconds_of_stored_parts(recipe, tmp_path):
    store = Store(tmp_path / "cache" / "runs")
    for seed in range(5):
        store.get("part", {"seed": seed, "steps": 12}, lambda _: {"sum": 1.0, "seconds": 1000.0}, version=1)
    cli.main(["run", str(recipe)])
    record = evidence.read_evidence("parts")
    assert record["results"]["sums"] == [1.0] * 5 and record["seconds"] == pytest.approx(5000, abs=5)


def test_the_store_is_listed(recipe, tmp_path, capsys):
    cli.main(["run", str(recipe)])
    truncated(next((tmp_path / "cache/runs/part").glob("*/settings.json")))
    capsys.readouterr()
    assert cli.main(["store"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head == f"{tmp_path / 'cache/runs'}:" and [line.split()[0] for line in lines] == ["part"] * 5 + ["recipe"]
    assert sum("damaged" in line for line in lines) == 1 and all(" MB " in line for line in lines)


def test_an_experiment_without_a_version_is_measured_every_time(recipe, tmp_path, monkeypatch):
    plain, calls = ModuleType("plain"), []
    plain.run = lambda recipe, progress: calls.append(1) or {"claims": {}}
    monkeypatch.setitem(sys.modules, "mia_kit.experiments.toy_of_parts", plain)
    assert [cli.main(["run", str(recipe)]) for _ in range(2)] == [0, 0] and len(calls) == 2
    assert not (tmp_path / "cache").exists()


def test_other_inputs_are_measured_again(recipe, monkeypatch):
    """Weights that an experiment reads are not in its recipe."""
    plain, calls = ModuleType("plain"), []
    plain.run = lambda recipe, progress: calls.append(1) or {"claims": {}}
    plain.VERSION, weights = 1, ["old"]
    plain.inputs = lambda: {"weights": weights[0]}
    monkeypatch.setitem(sys.modules, "mia_kit.experiments.toy_of_parts", plain)
    for now, measured in (("old", 1), ("old", 1), ("new", 2), ("old", 2)):
        weights[0] = now
        assert cli.main(["run", str(recipe)]) == 0 and len(calls) == measured
