"""Parts on the workers of a local Dask cluster: the same result as alone, whoever is killed."""

import json
import os
import sys
from types import SimpleNamespace

import pytest
import toy_spread
import yaml

from mia_kit import cli
from mia_kit.experiments import cluster, facescrub_ppa, runner
from mia_kit.experiments.cluster import Task, spread, workers
from mia_kit.runs.store import Store

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def address():
    with workers(2) as own:
        yield own


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    monkeypatch.setenv("MIA_KIT_EVIDENCE", str(tmp_path / "evidence"))
    monkeypatch.setitem(sys.modules, "mia_kit.experiments.toy_spread", toy_spread)
    return {"experiment": "toy_spread", "parts": 4, "folder": str(tmp_path)}


def write(recipe, folder):
    path = folder / "toy.yaml"
    path.write_text(yaml.safe_dump(recipe))
    return str(path)


def results(folder):
    return json.loads((folder / "evidence" / "toy.json").read_text())["results"]


def log(folder):
    return (folder / "log").read_text().splitlines()


@pytest.mark.slow
def test_workers_make_the_parts_and_a_killed_one_costs_nothing(address, recipe, tmp_path):
    """A worker dies at the third step of part 2: another goes on from the checkpoint, and no part is made twice."""
    name = write(recipe | {"killed": 2}, tmp_path)
    runner.spread(name, address, store=Store(tmp_path / "runs"), progress=False)
    assert (tmp_path / "was_killed").exists()
    made = [line.split(" in ")[0] for line in log(tmp_path)]
    assert made[0] == "base" and "part 2 from 3" in made
    assert sorted(made) == sorted(["base", "part 2 from 3", *(f"part {number} from 0" for number in range(4))])
    assert str(os.getpid()) not in {line.split(" in ")[1] for line in log(tmp_path)}
    runner.run(name, progress=False, store=Store(tmp_path / "runs"))
    assert len(log(tmp_path)) == len(made), "what the workers had made was made again"
    spread_over = results(tmp_path)
    runner.run(name, progress=False, store=Store(tmp_path / "alone"))
    assert results(tmp_path) == spread_over == {"sums": [100, 110, 120, 130], "claims": {}}


@pytest.mark.slow
def test_what_a_part_raises_is_raised_here(address, recipe, tmp_path):
    plan = toy_spread.plan(recipe | {"refused": 1})
    with pytest.raises(ValueError, match="part 1 must not be made"):
        spread(plan, address, Store(tmp_path / "runs"), progress=False)


def test_a_part_that_kills_every_worker_ends_in_a_sentence(recipe, tmp_path, monkeypatch):
    import distributed

    def lose(self):
        raise distributed.KilledWorker("part", None, 3)

    futures = [SimpleNamespace(result=lose.__get__(0))]
    given_up = []
    client = SimpleNamespace(submit=lambda *_, **__: futures[0], cancel=given_up.extend)
    monkeypatch.setattr(distributed, "as_completed", list)
    with pytest.raises(OSError, match=r"lost with several workers.* what is finished is kept"):
        cluster._one_stage(client, toy_spread.plan(recipe)[0], tmp_path, None)
    assert given_up == futures


def test_a_store_that_a_worker_does_not_see(recipe, tmp_path):
    with pytest.raises(OSError, match=r"a worker does not see the store .*elsewhere: .* set XDG_CACHE_HOME"):
        cluster._work(toy_spread.plan(recipe)[0][0], tmp_path / "elsewhere" / "mark")


def test_without_dask_one_sentence_says_how_to_install_it(recipe, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert cli.main(["run", write(recipe, tmp_path), "--workers", "2"]) == 2
    assert 'Dask is needed: python -m pip install "distributed>=2024.1"' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--workers", "0"], "at least 1 worker, got 0"),
        (["--fresh", "--workers", "2"], "--fresh goes with neither"),
        (["--device", "cuda"], "names no device"),
    ],
)
def test_options_that_do_not_fit(options, sentence, recipe, tmp_path, capsys):
    assert cli.main(["run", write(recipe, tmp_path), *options]) == 2
    assert sentence in capsys.readouterr().err


def test_an_experiment_without_a_plan_cannot_be_spread(monkeypatch):
    monkeypatch.delattr(facescrub_ppa, "plan")
    with pytest.raises(ValueError, match="'facescrub_ppa' cannot be spread over workers"):
        runner.spread("facescrub_rehearsal", "tcp://nobody:1")


def test_a_task_travels_and_names_a_function(tmp_path):
    import pickle

    task = pickle.loads(pickle.dumps(Task("toy_spread", "base", {"recipe": {"folder": str(tmp_path)}})))
    task.make(Store(tmp_path / "runs"))
    assert len(log(tmp_path)) == 1
