"""Whole recipes on the store: a killed run goes on, and nothing is measured twice."""

import json
import os
import sys
import time
from types import ModuleType

import pytest
import torch
import yaml

from mia_kit import cli
from mia_kit.experiments import runner
from mia_kit.runs.evidence import evidence_folder
from mia_kit.runs.first_house import read_evidence
from mia_kit.runs.store import Store
from mia_kit.training.checkpoints import load_checkpoint, save_checkpoint

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
    monkeypatch.setattr("mia_kit.runs.store.cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setitem(sys.modules, "mia_kit.experiments.toy_of_parts", None)
    return set_up(tmp_path)


def begun(root):
    return [line for line in (root / "log").read_text().splitlines() if line.startswith("begin")]


def test_the_same_recipe_again_recomputes_nothing(recipe, tmp_path, monkeypatch, capsys):
    assert cli.main(["run", str(recipe)]) == 0
    path = tmp_path / "evidence" / "parts.json"
    assert capsys.readouterr().out == f"wrote {path}\n"
    before, log = path.read_bytes(), (tmp_path / "log").read_text()
    path.unlink()
    monkeypatch.setattr(runner, "circumstances", lambda seconds: {"date": "another day"})
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
    assert len(read_evidence("parts")["results"]["sums"]) == 7


def test_evidence_counts_the_seconds_of_stored_parts(recipe, tmp_path):
    store = Store(tmp_path / "cache" / "runs")
    for seed in range(5):
        store.get("part", {"seed": seed, "steps": 12}, lambda _: {"sum": 1.0, "seconds": 1000.0}, version=1)
    cli.main(["run", str(recipe)])
    record = read_evidence("parts")
    assert record["results"]["sums"] == [1.0] * 5 and record["seconds"] == pytest.approx(5000, abs=5)


def test_the_store_is_listed(recipe, tmp_path, capsys):
    cli.main(["run", str(recipe)])
    damaged = next((tmp_path / "cache/runs/part").glob("*/settings.json"))
    damaged.write_bytes(damaged.read_bytes()[:-5])
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


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"seedz": 2}, "there is no key 'seedz'.*did you mean seeds"),
        ({"seeds": "three"}, "seeds must be like"),
        ({"seeds": -1}, "seeds must be like"),
        ({"seeds": True}, "seeds must be like"),
        ({"target": {"epoch": 30}}, "target: there is no key 'epoch'.*did you mean epochs"),
    ],
)
def test_a_recipe_of_a_user_is_held_against_those_that_ship(change, sentence, tmp_path):
    path = tmp_path / "attack_zoo.yaml"
    path.write_text(json.dumps(runner.read_recipe("attack_zoo") | change))
    with pytest.raises(ValueError, match=sentence):
        runner.read_recipe(str(path))


def test_evidence_of_a_user_never_lands_among_ours(tmp_path, monkeypatch):
    monkeypatch.delenv("MIA_KIT_EVIDENCE", raising=False)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "attack_zoo.yaml"
    path.write_text(json.dumps(runner.read_recipe("attack_zoo") | {"seeds": 1}))
    assert runner._folder(str(path)) == tmp_path / "my_evidence"
    assert runner._folder("attack_zoo") == evidence_folder()
